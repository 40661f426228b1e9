package docs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"mirrorctl/test/binary"
)

// The page's configurations of nginx and mirrorctl, as they are, in front of an archived release: each client
// keeps its scheme, and the log knows who it was.
func TestBehindNginx(t *testing.T) {
	if _, err := exec.LookPath("nginx"); err != nil {
		t.Skip("SKIP: nginx is missing; `make packages` installs it")
	}
	s := binary.Demo(t)
	s.Must(t, "archive", "--yes", "fedora-25")
	log := filepath.Join(s.Dir, "access.log")
	t.Setenv("MIRRORCTL_TRUSTED_PROXIES", "[127.0.0.1/32]")
	t.Setenv("MIRRORCTL_ACCESS_LOG_FILE", log)
	v := s.Serve(t, "--public-url", "https://dl.example.org/")

	plain, secure := binary.FreeAddr(t), binary.FreeAddr(t)
	dir := t.TempDir()
	pair := certificate(t, dir)
	conf := strings.NewReplacer("127.0.0.1:8080", v.Addr, "listen 80;", "listen "+plain+";", "listen 443 ssl;", "listen "+secure+" ssl;",
		"/etc/ssl/dl.example.org", pair).Replace(nginxBlock(t))
	temps := ""
	for _, what := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		temps += fmt.Sprintf("%s_temp_path %s/%s;\n", what, dir, what)
	}
	file := filepath.Join(dir, "nginx.conf")
	text := fmt.Sprintf("daemon off; pid %[1]s/pid; error_log %[1]s/error.log;\nevents {}\nhttp { access_log off;\n%s%s}\n", dir, temps, conf)
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	nginx := exec.Command("nginx", "-p", dir, "-e", filepath.Join(dir, "error.log"), "-c", file)
	said, err := os.Create(filepath.Join(dir, "said"))
	if err != nil {
		t.Fatal(err)
	}
	defer said.Close()
	nginx.Stdout, nginx.Stderr = said, said
	if err := nginx.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		nginx.Process.Signal(syscall.SIGTERM)
		nginx.Wait()
	})

	client := http.Client{
		Timeout:       10 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}, // it is our own of a minute ago
	}
	get := func(url string, ranges ...string) (*http.Response, string) {
		t.Helper()
		for end := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
			req, err := http.NewRequest(http.MethodGet, url, nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Host = "dl.example.org"
			req.Header.Set("X-Forwarded-For", "203.0.113.9") // a lie
			if len(ranges) > 0 {
				req.Header.Set("Range", "bytes="+strings.Join(ranges, ","))
			}
			res, err := client.Do(req)
			if err == nil {
				defer res.Body.Close()
				body, err := io.ReadAll(res.Body)
				if err != nil {
					t.Fatal(err)
				}
				return res, string(body)
			}
			if time.Now().After(end) {
				out, _ := os.ReadFile(said.Name())
				t.Fatalf("%v\n%s", err, out)
			}
		}
	}
	const archived = "/free/fedora/releases/25/Everything/x86_64/os/repodata/repomd.xml"
	for scheme, addr := range map[string]string{"http": plain, "https": secure} {
		res, _ := get(scheme + "://" + addr + archived)
		if want := scheme + "://dl.example.org/archive" + archived; res.StatusCode != http.StatusFound || res.Header.Get("Location") != want {
			t.Errorf("by %s: %s to %q, want 302 to %q", scheme, res.Status, res.Header.Get("Location"), want)
		}
		if res.Header.Get("Strict-Transport-Security") != "" {
			t.Errorf("by %s: clients of old releases are sent to https for ever", scheme)
		}
		if _, list := get(scheme + "://" + addr + "/mirrorlist?repo=free-fedora-43&arch=x86_64"); !strings.Contains(list, "\n"+scheme+"://dl.example.org/free/") {
			t.Errorf("by %s: the list is %q", scheme, list)
		}
	}
	// A name that a proxy which decodes and encodes anew would spoil, and a header as long as zchunk's.
	odd, err := filepath.Glob(filepath.Join(s.Dir, "pub/nonfree/fedora/releases/43/Everything/x86_64/os/Packages/*/lib++x-*"))
	if err != nil || len(odd) == 0 {
		t.Fatalf("no package with an odd name: %v", err)
	}
	rel, err := filepath.Rel(filepath.Join(s.Dir, "pub"), odd[0])
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + plain + "/" + strings.NewReplacer("+", "%2b", "^", "%5e").Replace(rel)
	if res, body := get(url); res.StatusCode != http.StatusOK || len(body) == 0 {
		t.Errorf("%s: %s", url, res.Status)
	}
	var ranges []string // 256 of them, of 10 KB
	for i := range 256 {
		ranges = append(ranges, fmt.Sprintf("%018d-%018d", 3*i, 3*i))
	}
	if res, _ := get(url, ranges...); res.StatusCode != http.StatusPartialContent || !strings.HasPrefix(res.Header.Get("Content-Type"), "multipart/byteranges") {
		t.Errorf("%s: 256 ranges: %s, %s", url, res.Status, res.Header.Get("Content-Type"))
	}
	v.Stop(t)
	lines, err := os.ReadFile(log)
	if err != nil || !strings.Contains(string(lines), "127.0.0.1 - - [") || strings.Contains(string(lines), "203.0.113.9") {
		t.Errorf("the log believes the client: %v\n%s", err, lines)
	}
}

// nginxBlock is the one configuration of nginx in all pages.
func nginxBlock(t *testing.T) string {
	t.Helper()
	for _, p := range pages(t) {
		for _, b := range p.Blocks {
			if b.Lang == "nginx" {
				return b.Text
			}
		}
	}
	t.Fatal("no page has a configuration of nginx")
	return ""
}

// certificate writes a key and a certificate of its own to dir, and returns their path without .pem and .key.
func certificate(t *testing.T, dir string) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"dl.example.org"}, NotAfter: time.Now().Add(time.Hour)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	base := filepath.Join(dir, "dl.example.org")
	for ext, block := range map[string]*pem.Block{".pem": {Type: "CERTIFICATE", Bytes: cert}, ".key": {Type: "PRIVATE KEY", Bytes: der}} {
		if err := os.WriteFile(base+ext, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return base
}

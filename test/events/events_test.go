package events

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"mirrorctl/test/binary"
	"mirrorctl/test/coprsite"
)

// inbox is a receiver of webhooks that is down at first.
type inbox struct {
	*httptest.Server
	mu     sync.Mutex
	failed int
	got    []string // "build event"
	bad    []string
}

func receive(t *testing.T, secret string) *inbox {
	v := &inbox{}
	v.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		v.mu.Lock()
		defer v.mu.Unlock()
		if v.failed < 2 {
			v.failed++
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write(raw)
		var e struct {
			Build uint64
			Event string
		}
		if err := json.Unmarshal(raw, &e); err != nil || r.Header.Get("X-Hub-Signature-256") != "sha256="+hex.EncodeToString(mac.Sum(nil)) {
			v.bad = append(v.bad, fmt.Sprint(err, r.Header, string(raw)))
		}
		v.got = append(v.got, fmt.Sprintf("%d %s", e.Build, e.Event))
	}))
	t.Cleanup(v.Close)
	return v
}

func (v *inbox) all() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return append([]string(nil), v.got...)
}

// await waits until want has arrived, and no more than that.
func (v *inbox) await(t *testing.T, want ...string) {
	t.Helper()
	end := time.Now().Add(30 * time.Second)
	for len(v.all()) < len(want) && time.Now().Before(end) {
		time.Sleep(20 * time.Millisecond)
	}
	time.Sleep(300 * time.Millisecond)
	if got := v.all(); strings.Join(got, ", ") != strings.Join(want, ", ") {
		t.Fatalf("webhooks: %q, want %q", got, want)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.bad) > 0 {
		t.Fatalf("bad: %s", v.bad)
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v", url, res.Status, err)
	}
	return string(raw)
}

// site is a hub that tells an inbox of what happens.
func site(t *testing.T) (*binary.Site, *binary.Server, *inbox) {
	coprsite.Needs(t)
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("between us\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	v := receive(t, "between us")
	s := coprsite.New(t, fmt.Sprintf("  allow_private: [127.0.0.0/8]\n  webhooks: [{url: %s/hook, secret_file: %s}]\n", v.URL, secret))
	server := s.Serve(t)
	coprsite.Await(t, s)
	return s, server, v
}

func TestBuildsAreTold(t *testing.T) {
	s, server, v := site(t)
	s.Must(t, "copr", "build", "tiny")
	v.await(t, "1 succeeded") // after two failures
	// A spec that cannot be built, and a restart between the event and the next.
	spec := filepath.Join(s.Dir, "copr.d/tiny.spec")
	coprsite.Write(t, spec, strings.Replace(coprsite.Spec, "%install\n", "%install\nexit 7\n", 1))
	if r := s.Run(t, "copr", "build", "tiny"); r.Code == 0 {
		t.Error("a build that fails exits with 0")
	}
	v.await(t, "1 succeeded", "2 failed")

	metrics := get(t, server.Admin+"metrics")
	for _, line := range []string{
		`mirrorctl_copr_builds_total{project="demo/tiny",package="tiny",chroot="epel-9-x86_64",result="succeeded"} 1`,
		`mirrorctl_copr_builds_total{project="demo/tiny",package="tiny",chroot="epel-9-x86_64",result="failed"} 1`,
		`mirrorctl_copr_build_duration_seconds_count{project="demo/tiny",package="tiny",chroot="epel-9-x86_64"} 2`,
		`mirrorctl_copr_builders{arch="x86_64"} 1`,
		`mirrorctl_copr_builders{arch="s390x"} 0`,
		`mirrorctl_copr_queue_pending{arch="x86_64"} 0`,
		`mirrorctl_copr_signer_up 1`,
		`mirrorctl_copr_webhooks_total{result="delivered"} 2`,
		`mirrorctl_copr_webhooks_total{result="failed"} 2`,
		`mirrorctl_copr_webhooks_waiting 0`,
	} {
		if !strings.Contains(metrics, "\n"+line+"\n") {
			t.Errorf("no line %s", line)
		}
	}
	if got := regexp.MustCompile(`(?m)^mirrorctl_copr_package_outdated.*`).FindString(metrics); got != "" {
		t.Errorf("nothing is watched: %s", got)
	}
	accepted(t, metrics, "promtool", "check", "metrics")
	feed := get(t, server.URL+"feed.atom")
	accepted(t, feed, "xmllint", "--noout", "-")
	for _, want := range []string{`<feed xmlns="http://www.w3.org/2005/Atom">`, "<id>" + server.URL + "feed.atom</id>", "demo/tiny: tiny 1-1 failed", "demo/tiny: tiny 1-1 succeeded"} {
		if !strings.Contains(feed, want) {
			t.Errorf("feed: no %s in\n%s", want, feed)
		}
	}

	server.Stop(t)
	coprsite.Write(t, spec, coprsite.Spec)
	// Upstream moves to version 2 while nobody looks.
	declaration := filepath.Join(s.Dir, "copr.d/tiny.yaml")
	raw, err := os.ReadFile(declaration)
	if err != nil {
		t.Fatal(err)
	}
	coprsite.Write(t, declaration, fmt.Sprintf("%s    watch: {directory: %s/upstream, pattern: \"tiny-{version}.txt\"}\n", raw, s.Dir))
	_ = os.WriteFile(filepath.Join(s.Dir, "upstream/tiny-2.txt"), nil, 0o644)
	config, err := os.ReadFile(s.Config)
	if err != nil {
		t.Fatal(err)
	}
	coprsite.Write(t, s.Config, string(config)+"  files: [upstream]\n")
	server = s.Serve(t)
	v.await(t, "1 succeeded", "2 failed", "3 succeeded") // no storm, and nothing lost
	metrics = get(t, server.Admin+"metrics")
	for _, line := range []string{
		`mirrorctl_copr_package_outdated{project="demo/tiny",package="tiny",channel="testing"} 0`,
		`mirrorctl_copr_package_outdated{project="demo/tiny",package="tiny",channel="stable"} 1`,
	} {
		if !strings.Contains(metrics, "\n"+line+"\n") {
			t.Errorf("no line %s", line)
		}
	}
}

// accepted has a tool read text, and wants it to say nothing.
func accepted(t *testing.T, text, tool string, args ...string) {
	t.Helper()
	if _, err := exec.LookPath(tool); err != nil {
		t.Logf("SKIP: %s is not installed", tool)
		return
	}
	cmd := exec.Command(tool, args...)
	cmd.Stdin = strings.NewReader(text)
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%s: %v\n%s", tool, err, out)
	}
}

// What copr-cli does for `copr-cli build PROJECT FILE`: it is built, and what was not allowed is not kept.
func TestUpload(t *testing.T) {
	s, server, _ := site(t)
	s.Must(t, "copr", "build", "tiny")
	srpm := filepath.Join(s.Dir, "state/copr/srpm/1/tiny-1-1.src.rpm")
	rpm, err := os.ReadFile(srpm)
	if err != nil {
		t.Fatal(err)
	}
	issued := s.Must(t, "copr", "token", "issue", "ci", "demo/tiny").Stdout
	field := func(name string) string {
		return regexp.MustCompile(`(?m)^` + name + ` = (.*)$`).FindStringSubmatch(issued)[1]
	}
	send := func(login, secret, file string, body []byte) (int, string) {
		var form bytes.Buffer
		w := multipart.NewWriter(&form)
		part, _ := w.CreateFormFile("pkgs", file)
		part.Write(body)
		part, _ = w.CreatePart(map[string][]string{"Content-Disposition": {`form-data; name="json"`}, "Content-Type": {"application/json"}})
		io.WriteString(part, `{"ownername":"demo","projectname":"tiny","project_dirname":null,"chroots":null,"exclude_chroots":null,"background":false,"enable_net":null}`)
		w.Close()
		r, _ := http.NewRequest(http.MethodPost, server.URL+"api_3/build/create/upload", &form)
		r.Header.Set("Content-Type", w.FormDataContentType())
		r.SetBasicAuth(login, secret)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			return 0, err.Error()
		}
		defer res.Body.Close()
		raw, _ := io.ReadAll(res.Body)
		return res.StatusCode, string(raw)
	}
	kept := func() int {
		all, _ := filepath.Glob(filepath.Join(s.Dir, "state/copr/uploads/*/*"))
		return len(all)
	}
	login, secret := field("login"), field("token")
	for _, tt := range []struct {
		name, login, secret, file string
		want                      int
	}{
		{"another's secret", login, strings.Repeat("0", 64), "tiny-1-1.src.rpm", 401},
		{"no source package", login, secret, "tiny-1-1.noarch.rpm", 400},
		{"a way out", login, secret, "../tiny-1-1.src.rpm", 200}, // the name alone counts: its last element
	} {
		before := kept()
		if code, text := send(tt.login, tt.secret, tt.file, rpm); code != tt.want || code != 200 && kept() != before {
			t.Errorf("%s: %d %s; %d files kept", tt.name, code, text, kept())
		}
	}
	code, text := send(login, secret, "tiny-1-1.src.rpm", rpm)
	var b struct {
		ID        uint64
		Submitter string
	}
	if err := json.Unmarshal([]byte(text), &b); err != nil || code != 200 || b.Submitter != "ci" {
		t.Fatalf("%d %s", code, text)
	}
	for end := time.Now().Add(30 * time.Second); !strings.Contains(get(t, fmt.Sprintf("%sapi_3/build/%d", server.URL, b.ID)), `"ended_on":1`); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(s.Run(t, "copr", "builds", "-o", "json").Stdout)
		}
	}
	if text := get(t, fmt.Sprintf("%sapi_3/build/%d", server.URL, b.ID)); !strings.Contains(text, `"succeeded"`) || strings.Contains(text, s.Dir) {
		t.Errorf("build: %s", text)
	}
	published, _ := filepath.Glob(filepath.Join(s.Dir, fmt.Sprintf("pub/results/demo/tiny:testing/epel-9-x86_64/%08d-tiny/*.rpm", b.ID)))
	if len(published) == 0 {
		t.Error("nothing is published")
	}
	// An upload that is cut short is not kept.
	before := kept()
	pr, pw := io.Pipe()
	go func() {
		fmt.Fprintf(pw, "--x\r\nContent-Disposition: form-data; name=\"pkgs\"; filename=\"tiny-1-1.src.rpm\"\r\n\r\n")
		pw.Write(rpm[:1000])
		pw.CloseWithError(io.ErrUnexpectedEOF)
	}()
	r, _ := http.NewRequest(http.MethodPost, server.URL+"api_3/build/create/upload", pr)
	r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
	r.SetBasicAuth(login, secret)
	if res, err := http.DefaultClient.Do(r); err == nil {
		res.Body.Close()
	}
	time.Sleep(200 * time.Millisecond)
	if kept() != before {
		t.Error("half an upload was kept")
	}
	if left, _ := filepath.Glob(filepath.Join(s.Dir, "state/copr/uploads/*")); len(left) != before {
		t.Errorf("left: %v", left)
	}
}

package redirect_test

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"mirrorctl/mirror"
	"mirrorctl/redirect"
)

// python is the interpreter that Debian's python3-librepo is installed for.
const python = "/usr/bin/python3"

// fetch is what dnf does with a list: librepo downloads a whole repository and checks it.
const fetch = `
import json, librepo, sys
h, r = librepo.Handle(), librepo.Result()
h.repotype = librepo.YUMREPO
h.setopt(getattr(librepo, sys.argv[1]), sys.argv[2])
h.destdir = sys.argv[3]
h.checksum = True
try:
    h.perform(r)
    json.dump({"code": 0}, sys.stdout)
except librepo.LibrepoException as e:
    json.dump({"code": e.args[0], "text": str(e.args[1])}, sys.stdout)
`

func needLibrepo(t *testing.T) {
	t.Helper()
	if out, err := exec.Command(python, "-c", "import librepo; print(librepo.VERSION)").CombinedOutput(); err != nil {
		t.Skipf("SKIP: python3-librepo missing: %s", bytes.TrimSpace(out))
	} else {
		t.Logf("librepo %s", bytes.TrimSpace(out))
	}
	if _, err := exec.LookPath("createrepo_c"); err != nil {
		t.Skip("SKIP: createrepo_c missing")
	}
}

// librepo runs the client; code is librepo's, 0 for success.
func librepo(t *testing.T, option, list string) (code int, text string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), python, "-c", fetch, "LRO_"+option, list, t.TempDir()).Output()
	var answer struct {
		Code int
		Text string
	}
	if err == nil {
		err = json.Unmarshal(out, &answer)
	}
	if err != nil {
		t.Fatalf("librepo %s: %v\n%s", list, err, out)
	}
	return answer.Code, answer.Text
}

// makeRepo makes one generation of an empty repository and returns what a metalink says of it.
func makeRepo(t *testing.T, dir, revision string) redirect.Generation {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("createrepo_c", "--quiet", "--revision", revision, dir).CombinedOutput(); err != nil {
		t.Fatalf("createrepo_c: %v\n%s", err, out)
	}
	raw, err := os.ReadFile(filepath.Join(dir, "repodata/repomd.xml"))
	if err != nil {
		t.Fatal(err)
	}
	g := redirect.Generation{File: redirect.File{Size: int64(len(raw))}}
	for _, m := range regexp.MustCompile(`<timestamp>(\d+)<`).FindAllSubmatch(raw, -1) {
		n, _ := strconv.ParseInt(string(m[1]), 10, 64)
		g.Timestamp = max(g.Timestamp, n)
	}
	m5, s1, s256, s512 := md5.Sum(raw), sha1.Sum(raw), sha256.Sum256(raw), sha512.Sum512(raw)
	g.MD5, g.SHA1 = hex.EncodeToString(m5[:]), hex.EncodeToString(s1[:])
	g.SHA256, g.SHA512 = hex.EncodeToString(s256[:]), hex.EncodeToString(s512[:])
	return g
}

// known is a Metadata that knows the same generations of every repository.
type known []redirect.Generation

func (k known) Generations(mirror.Path, bool) []redirect.Generation     { return k }
func (k known) Entry(mirror.Path, bool) (e redirect.Entry, exists bool) { return }

// mirrorServer serves a site's lists and, under /root/ and /archive/, one directory of files.
type mirrorServer struct {
	*httptest.Server
	mu    sync.Mutex
	paths []string // asked for, in order
}

// serve starts a server whose metalinks name generations and whose files are those of dir.
func serve(t *testing.T, dir string, generations ...redirect.Generation) *mirrorServer {
	t.Helper()
	m := &mirrorServer{Server: httptest.NewUnstartedServer(nil)}
	base := "http://" + m.Listener.Addr().String()
	s := site{public: base + "/root/", archive: base + "/archive/", metadata: known(generations)}.snapshot(t)
	lists := &redirect.Lists{Snapshot: func() *redirect.Snapshot { return s }, ClientOf: proto}
	mux := http.NewServeMux()
	mux.Handle("/mirrorlist", lists)
	mux.Handle("/metalink", lists)
	for _, r := range repositories {
		for _, at := range []string{"/root/", "/archive/"} {
			mux.Handle(at+r.dir+"/", http.StripPrefix(at+r.dir+"/", http.FileServer(http.Dir(dir))))
		}
	}
	m.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.mu.Lock()
		m.paths = append(m.paths, r.URL.Path)
		m.mu.Unlock()
		mux.ServeHTTP(w, r)
	})
	m.Start()
	t.Cleanup(m.Close)
	return m
}

// count tells how many requests had a path with this prefix.
func (m *mirrorServer) count(prefix string) (n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range m.paths {
		if strings.HasPrefix(p, prefix) {
			n++
		}
	}
	return n
}

func TestLibrepo(t *testing.T) {
	needLibrepo(t)
	old, fresh := t.TempDir(), t.TempDir()
	first, second := makeRepo(t, old, "1"), makeRepo(t, fresh, "2")
	second.Timestamp = first.Timestamp + 1
	first.Since, second.Since = now.AddDate(0, 0, -9), now
	const active, archived = "?repo=free-fedora-43&arch=x86_64", "?repo=free-fedora-25&arch=x86_64"
	tests := []struct {
		name, option, list string
		dir                string                // what the mirror holds
		named              []redirect.Generation // what the metalink names
		code               int
		from               string // where the files came from
	}{
		{"metalink, active", "METALINKURL", "/metalink" + active, fresh, []redirect.Generation{second, first}, 0, "/root/"},
		{"metalink, archived", "METALINKURL", "/metalink" + archived, fresh, []redirect.Generation{second}, 0, "/archive/"},
		{"mirrorlist, active", "MIRRORLISTURL", "/mirrorlist" + active, fresh, nil, 0, "/root/"},
		{"mirrorlist, archived", "MIRRORLISTURL", "/mirrorlist" + archived, fresh, nil, 0, "/archive/"},
		{"the mirror is old, an alternate names it", "METALINKURL", "/metalink" + active, old, []redirect.Generation{second, first}, 0, "/root/"},
		// This one must fail, or the one before proves nothing.
		{"the mirror is old, no alternate names it", "METALINKURL", "/metalink" + active, old, []redirect.Generation{second}, 19, ""},
		// 10 would mean that it asked twelve times.
		{"unknown, metalink", "METALINKURL", "/metalink?repo=x&arch=y", fresh, nil, 15, ""},
		{"unknown, mirrorlist", "MIRRORLISTURL", "/mirrorlist?repo=x&arch=y", fresh, nil, 15, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := serve(t, tt.dir, tt.named...)
			code, text := librepo(t, tt.option, m.URL+tt.list)
			if code != tt.code {
				t.Fatalf("librepo says %d %q, want %d", code, text, tt.code)
			}
			list, _, _ := strings.Cut(tt.list, "?")
			if n := m.count(list); n != 1 {
				t.Errorf("%d requests for the list, want 1", n)
			}
			if tt.from != "" && m.count(tt.from) < 2 || tt.from == "" && code == 15 && m.count("/") != 1 {
				t.Errorf("files were asked for at %q", m.paths)
			}
		})
	}
}

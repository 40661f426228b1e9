package site_test

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"mirrorctl/internal/config"
	"mirrorctl/mirror"
)

func TestFiles(t *testing.T) {
	s := start(t, func(s *stand) {
		for name, target := range map[string]string{
			"free/el/updates/10Server": "10", "latest": "free/el/updates/10", "out": "/etc", "up": "../../etc/passwd", "loop": "loop", "nowhere": "nothing",
		} {
			if err := os.Symlink(target, filepath.Join(s.root, name)); err != nil {
				t.Fatal(err)
			}
		}
		if err := syscall.Mkfifo(filepath.Join(s.root, "pipe"), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Join(s.root, ".mirrorctl-trash/x"), 0o755); err != nil {
			t.Fatal(err)
		}
	})
	rpm := s.in(repo10+"/f", "ffmpeg-libs")
	repomd := repo10 + "/repodata/repomd.xml"
	primary := s.in(repo10+"/repodata", "primary")
	size := strconv.Itoa(len(s.read(rpm)))
	etag := s.get(repomd).Header.Get("Etag")
	tests := []struct {
		name, method, path, header, value string
		status                            int
		want                              map[string]string
		body                              string // "": not looked at; else that of this file
	}{
		{"package", "GET", rpm, "", "", 200, map[string]string{"Content-Type": "application/x-rpm", "Cache-Control": "public, max-age=31536000, immutable", "Content-Length": size}, rpm},
		{"its head", "HEAD", rpm, "", "", 200, map[string]string{"Content-Length": size, "Accept-Ranges": "bytes"}, ""},
		{"part of a package", "GET", rpm, "Range", "bytes=0-3", 206, map[string]string{"Content-Range": "bytes 0-3/" + size}, ""},
		{"behind its end", "GET", rpm, "Range", "bytes=99999999-", 416, map[string]string{"Content-Range": "bytes */" + size}, ""},
		{"index", "GET", repomd, "", "", 200, map[string]string{"Cache-Control": "public, max-age=60, must-revalidate"}, repomd},
		{"index that is known", "GET", repomd, "If-None-Match", etag, 304, map[string]string{"Etag": etag}, ""},
		{"index of another day", "GET", repomd, "If-None-Match", `"x"`, 200, nil, repomd},
		{"hashed metadata", "GET", primary, "", "", 200, map[string]string{"Cache-Control": "public, max-age=31536000, immutable"}, primary},
		{"parts of metadata in memory", "GET", primary, "Range", "bytes=0-9,20-29", 206, nil, ""},
		{"no signature", "GET", repomd + ".asc", "", "", 404, nil, ""},
		{"directory without slash", "GET", "free/el", "", "", 301, map[string]string{"Location": s.url + "free/el/", "Content-Length": "0"}, ""},
		{"the same by another host", "GET", "free/el", "Host", "evil.example", 301, map[string]string{"Location": s.url + "free/el/"}, ""},
		{"its head", "HEAD", "free/el", "", "", 301, map[string]string{"Location": s.url + "free/el/"}, ""},
		{"listing", "GET", "free/el/", "", "", 200, map[string]string{"Content-Type": "text/html; charset=utf-8"}, ""},
		{"listing's head", "HEAD", "free/el/", "", "", 200, nil, ""},
		{"package with a slash", "GET", rpm + "/", "", "", 404, nil, ""},
		{"nothing", "GET", "free/el/updates/10/nothing", "", "", 404, nil, ""},
		{"below a file", "GET", rpm + "/x", "", "", 404, nil, ""},
		{"unclean", "GET", "free/../free/el/", "", "", 400, nil, ""},
		{"hidden", "GET", "free%2fel/", "", "", 400, nil, ""},
		{"ours", "GET", ".mirrorctl-trash/x/", "", "", 404, nil, ""},
		{"written to", "PUT", rpm, "", "", 405, map[string]string{"Allow": "GET, HEAD, OPTIONS"}, ""},
		{"link to a repository", "GET", "free/el/updates/10Server/x86_64/repodata/repomd.xml", "", "", 200, map[string]string{"Etag": etag}, repomd},
		{"link from elsewhere", "GET", "latest/x86_64/repodata/repomd.xml", "", "", 200, map[string]string{"Etag": etag}, repomd},
		{"link to a package", "GET", "latest/x86_64" + strings.TrimPrefix(rpm, repo10), "", "", 200, nil, rpm},
		{"link to a directory", "GET", "latest", "", "", 301, map[string]string{"Location": s.url + "latest/"}, ""},
		{"link out of the root", "GET", "out/passwd", "", "", 404, nil, ""},
		{"relative link out of the root", "GET", "up", "", "", 404, nil, ""},
		{"link out of the root as a directory", "GET", "out/", "", "", 404, nil, ""},
		{"link to itself", "GET", "loop", "", "", 404, nil, ""},
		{"link to nothing", "GET", "nowhere", "", "", 404, nil, ""},
		{"pipe", "GET", "pipe", "", "", 404, nil, ""},
		{"pipe as a directory", "GET", "pipe/", "", "", 404, nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var header []string
			if tt.header != "" {
				header = []string{tt.header, tt.value}
			}
			got := s.ask(tt.method, tt.path, header...)
			if got.StatusCode != tt.status {
				t.Fatalf("status %d, want %d: %s", got.StatusCode, tt.status, got.body)
			}
			for k, v := range tt.want {
				if have := got.Header.Get(k); have != v {
					t.Errorf("%s: %q, want %q", k, have, v)
				}
			}
			if tt.body != "" && got.body != s.read(tt.body) {
				t.Errorf("%d bytes that are not those of %s", len(got.body), tt.body)
			}
			for k, v := range got.Header {
				if strings.Contains(strings.Join(v, " "), "evil.example") {
					t.Errorf("%s repeats the Host header", k)
				}
			}
			if tt.method == "HEAD" && got.body != "" {
				t.Errorf("body %q", got.body)
			}
		})
	}
	if body := s.get("").body; strings.Contains(body, "mirrorctl-trash") || !strings.Contains(body, `href="free/"`) {
		t.Errorf("listing of the root: %s", body)
	}
	if body := s.get("free/el/updates/").body; !strings.Contains(body, `href="10Server/"`) {
		t.Errorf("a link to a directory is not listed as one: %s", body)
	}
}

// The files of answers without a body must not stay open.
func TestNoDescriptorIsLeftOpen(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // the collector would close what we forgot
	s := start(t, nil)
	rpm := s.in(repo10+"/f", "ffmpeg-libs")
	etag := s.get(rpm).Header.Get("Etag")
	open := func() int {
		all, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Skip("SKIP: no /proc:", err)
		}
		return len(all)
	}
	before := open()
	for range 50 {
		for _, h := range [][]string{{"If-None-Match", etag}, {"If-Match", `"x"`}, {"Range", "bytes=99999999-"}, {"Range", "bytes=0-1"}, {}} {
			s.get(rpm, h...)
			s.ask("HEAD", rpm, h...)
		}
		s.get("free/el")
		s.get("free/el/")
	}
	if after := open(); after > before+20 {
		t.Errorf("%d descriptors, %d before", after, before)
	}
}

// Where the archive is asked for, by its address.
func TestPlacesOfTheArchive(t *testing.T) {
	file := repo5 + "/repodata/repomd.xml"
	address := func(public, archive string) func(*stand) {
		return func(s *stand) {
			for text, into := range map[string]*config.URL{public: &s.cfg.PublicURL, archive: &s.cfg.Archive.URL} {
				if err := into.UnmarshalText([]byte(text)); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	// What lies in the root under the archive's prefix.
	const own = "archive/free/el/updates/5/x86_64/repodata/repomd.xml"
	shadow := func(s *stand) {
		name := filepath.Join(s.root, own)
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, []byte("the root's own"), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		name, public, archive string
		shadow, noStore       bool
		host, path            string
		archived              bool // the archive answers
	}{
		{"default", "http://dl.example/", "", false, false, "dl.example", "archive/" + file, true},
		{"default, any host", "http://dl.example/", "", false, false, "10.0.0.1:8080", "archive/" + file, true},
		{"default hides a directory", "http://dl.example/", "", true, false, "dl.example", "archive/" + file, true},
		{"no archive hides nothing", "http://dl.example/", "", true, true, "dl.example", "archive/" + file, false},
		{"own host", "http://dl.example/", "http://old.example/", false, false, "old.example", file, true},
		{"own host, written otherwise", "http://dl.example/", "http://old.example/", false, false, "OLD.example:80", file, true},
		{"own host with a port, by http", "https://dl.example/", "https://old.example:8443/", false, false, "old.example", file, true},
		{"own host, asked for the root", "http://dl.example/", "http://old.example/", false, false, "dl.example", file, false},
		{"own host, by the prefix", "http://dl.example/", "http://old.example/", false, false, "127.0.0.1", "archive/" + file, true},
		{"own host, a directory of that name", "http://dl.example/", "http://old.example/", true, false, "dl.example", "archive/" + file, false},
		{"own host and path", "http://dl.example/", "http://old.example/rpm/", false, false, "old.example", "rpm/" + file, true},
		{"own port", "http://dl.example/", "http://dl.example:81/old/", false, false, "dl.example:81", "old/" + file, true},
		{"own port, by https", "http://dl.example/", "http://dl.example:81/old/", false, false, "dl.example", "old/" + file, true},
		{"own port, the root's", "http://dl.example/", "http://dl.example:81/old/", false, false, "dl.example:81", file, false},
		{"own path", "http://dl.example/", "http://dl.example/old/", false, false, "dl.example", "old/" + file, true},
		{"below a public path that a proxy takes away", "http://dl.example/pub/", "http://dl.example/pub/old/", false, false, "dl.example", "old/" + file, true},
		{"beside it", "http://dl.example/pub/", "http://dl.example/pub-old/", false, false, "dl.example", "pub-old/" + file, true},
		{"IPv6", "http://dl.example/", "http://[2001:db8::1]:80/", false, false, "[2001:db8::1]", file, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := prepare(t, func(s *stand) {
				address(tt.public, tt.archive)(s)
				if tt.shadow {
					shadow(s)
				}
				if tt.noStore {
					s.cfg.Archive.Store = ""
				}
			})
			if !tt.noStore {
				name := filepath.Join(s.store, file)
				if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(name, []byte("the archive's"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			got := s.get(tt.path, "Host", tt.host)
			if archived := got.body == "the archive's"; got.StatusCode != http.StatusOK || archived != tt.archived {
				t.Errorf("%d %.40q", got.StatusCode, got.body)
			}
		})
	}
}

// A service that is started before its first archive serves it all the same.
func TestTheStoreMayComeLater(t *testing.T) {
	s := start(t, func(s *stand) {
		if err := os.Remove(s.store); err != nil {
			t.Fatal(err)
		}
	})
	file := repo5 + "/repodata/repomd.xml"
	if got := s.get("archive/" + file); got.StatusCode != 404 {
		t.Fatalf("%d", got.StatusCode)
	}
	s.copyToStore(el5)
	s.swap(el5, s.record(el5, mirror.Archived))
	s.eventually("the archive answers", func() bool { return s.get("archive/"+file).body == s.read(file) })
	s.eventually("clients are sent there", func() bool { return s.get(file).StatusCode == 302 })
}

// While the only place of a file is not there, "try again" is the answer: a 404 would be taken for good.
func TestAnArchiveThatIsNotThere(t *testing.T) {
	s := prepare(t, func(s *stand) {
		if err := os.Remove(s.store); err != nil {
			t.Fatal(err)
		}
	})
	s.swap(el5, s.record(el5, mirror.Archived))
	s.get("nothing") // looks for a newer document
	got := s.get("archive/" + repo5 + "/repodata/repomd.xml")
	if got.StatusCode != 503 || got.Header.Get("Retry-After") == "" {
		t.Errorf("%d %v", got.StatusCode, got.Header)
	}
}

// The archive's own hash is the entity tag of what it holds, for as long as that is what was archived.
func TestEntityTagsOfTheArchive(t *testing.T) {
	s := start(t, nil)
	s.archive(el5)
	rpm := s.in(repo5, "ffmpeg-libs")
	got := s.get("archive/" + rpm)
	if got.StatusCode != 200 || len(got.Header.Get("Etag")) != 66 || got.Header.Get("Repr-Digest") == "" {
		t.Fatalf("%d %v", got.StatusCode, got.Header)
	}
	if again := s.get("archive/"+rpm, "If-None-Match", got.Header.Get("Etag")); again.StatusCode != 304 {
		t.Errorf("%d", again.StatusCode)
	}
	if tail := s.get("archive/"+rpm, "Range", "bytes=100-", "If-Range", got.Header.Get("Etag")); tail.StatusCode != 206 || tail.body != got.body[100:] {
		t.Errorf("%d", tail.StatusCode)
	}
	name := filepath.Join(s.store, rpm)
	os.Remove(name) // it shares the inode
	if err := os.WriteFile(name, []byte("another"), 0o644); err != nil {
		t.Fatal(err)
	}
	if other := s.get("archive/" + rpm); other.StatusCode != 200 || other.Header.Get("Repr-Digest") != "" {
		t.Errorf("a file that is not what was archived: %d %v", other.StatusCode, other.Header)
	}
}

// A generation in the service's own directory that somebody deleted is still in the tree.
func TestKeptMetadataThatIsGone(t *testing.T) {
	s := start(t, func(s *stand) { s.cfg.Metadata.Memory = 1 }) // nothing fits into memory
	primary := s.in(repo10+"/repodata", "primary")
	if got := s.get(primary); got.StatusCode != 200 {
		t.Fatalf("%d", got.StatusCode)
	}
	if err := os.RemoveAll(filepath.Join(s.state, "hot/root/files")); err != nil {
		t.Fatal(err)
	}
	if got := s.get(primary); got.StatusCode != 200 || got.body != s.read(primary) {
		t.Errorf("%d, %d bytes", got.StatusCode, len(got.body))
	}
}

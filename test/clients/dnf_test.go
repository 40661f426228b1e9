package clients

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mirrorctl/test/binary"
)

// lists are the three ways in which a .repo file of RPM Fusion names a repository.
func lists(url, flavor, product, path string, key string) []repoFile {
	name := flavor + "-" + product
	return []repoFile{
		{id: "by-metalink", line: "metalink=" + url + "metalink?repo=" + name + "&arch=$basearch", key: key},
		{id: "by-mirrorlist", line: "mirrorlist=" + url + "mirrorlist?repo=" + name + "&arch=$basearch", key: key},
		{id: "by-baseurl", line: "baseurl=" + url + path, key: key},
	}
}

func fedora(url, key string) []repoFile {
	return lists(url, "free", "fedora-$releasever", "free/fedora/releases/$releasever/Everything/$basearch/os/", key)
}

func el(url, key string) []repoFile {
	return lists(url, "free", "el-updates-released-$releasever", "free/el/updates/$releasever/$basearch/", key)
}

// state asks the program for the state of a release, as a script would.
func state(t testing.TB, s *binary.Site, release string) string {
	t.Helper()
	var v struct {
		Release, State string
	}
	out := s.Must(t, "status", release, "-o", "json").Stdout
	if err := json.Unmarshal([]byte(out), &v); err != nil {
		t.Fatalf("status -o json: %v in\n%s", err, out)
	}
	return v.State
}

// update makes a fresh cache, installs everything that the name matches and removes it again, and holds
// what the server counted against what a client may cost: one request a list and command, nothing in the
// 400s or 500s, and no file asked for more often than once for itself and once behind its redirect.
func update(t *testing.T, phase string, d *dnf, log *accessLog, packages ...string) {
	t.Helper()
	log.next(t)
	d.must(t, "clean", "all")
	for _, args := range [][]string{{"makecache"}, append([]string{"install"}, packages...)} {
		d.must(t, args...)
		asked, redirected, redirects := map[string]int{}, map[string]int{}, 0
		for _, r := range log.next(t) {
			if r.status >= 400 {
				t.Errorf("%s: dnf %s: %s %s: %d", phase, args[0], r.method, r.target, r.status)
			}
			if r.status == 302 {
				redirects++
				redirected[r.target]++
			}
			asked[r.target]++
		}
		for target, n := range asked {
			list := strings.HasPrefix(target, "/metalink?") || strings.HasPrefix(target, "/mirrorlist?")
			if list && n != 1 {
				t.Errorf("%s: dnf %s: the list %s was asked for %d times", phase, args[0], target, n)
			}
		}
		// One hop: what is redirected is asked for once more, in the archive, and answered there.
		for target, n := range redirected {
			if strings.HasPrefix(target, "/archive/") || asked["/archive"+target] < n || asked[target] != n {
				t.Errorf("%s: dnf %s: %s: %d of %d requests redirected, %d in the archive", phase, args[0], target, n, asked[target], asked["/archive"+target])
			}
		}
		t.Logf("%s: dnf %s: %d requests, %d redirects", phase, args[0], total(asked), redirects)
	}
	if n := d.installed(t); n < len(packages) {
		t.Errorf("%s: %d packages installed, want at least %d", phase, n, len(packages))
	}
	d.must(t, append([]string{"remove"}, packages...)...)
}

func total(m map[string]int) (n int) {
	for _, v := range m {
		n += v
	}
	return n
}

// Real dnf, in the form of RPM Fusion's own .repo files, through the whole life of a release.
func TestDNFSurvivesTheArchiving(t *testing.T) {
	s := binary.Demo(t)
	log := &accessLog{file: filepath.Join(s.Dir, "access.log")}
	t.Setenv("MIRRORCTL_ACCESS_LOG_FILE", log.file)
	v := s.Serve(t)
	key := filepath.Join(s.Dir, "pub/free/RPM-GPG-KEY-demo")

	f43 := newDNF(t, "43", "x86_64", fedora(v.URL, key)...)
	el9 := newDNF(t, "9", "x86_64", el(v.URL, key)...)
	f25 := newDNF(t, "25", "x86_64", fedora(v.URL, key)...)
	update(t, "fedora-43 active", f43, log, "vlc-core", "ffmpeg-libs")
	update(t, "el-9 active", el9, log, "ffmpeg-libs")

	phase := func(want string) {
		t.Helper()
		if got := state(t, s, "fedora-25"); got != want {
			t.Fatalf("fedora-25 is %s, want %s", got, want)
		}
		update(t, "fedora-25 "+want, f25, log, "vlc-core", "ffmpeg-libs")
	}
	phase("active")

	// A slow copy, so that a client's whole update falls into it.
	copying := s.Command(t.Context(), "archive", "--yes", "--bwlimit", "200KiB", "fedora-25")
	if err := copying.Start(); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(10 * time.Second); state(t, s, "fedora-25") != "archiving"; {
		if time.Now().After(end) {
			t.Fatal("fedora-25 never came to be archiving")
		}
	}
	phase("archiving")
	copying.Process.Kill()
	copying.Wait()

	s.Must(t, "archive", "--yes", "--resume", "fedora-25")
	phase("archived")
	s.Must(t, "archive", "--yes", "--prune", "fedora-25")
	phase("pruned")
	for _, arch := range []string{"ppc64le", "aarch64"} {
		foreign := newDNF(t, "25", arch, fedora(v.URL, key)...)
		foreign.must(t, "install", "vlc-core", "ffmpeg-libs")
		fmt.Printf("figure: dnf --forcearch %s --releasever 25 from the archive: %d packages installed\n", arch, foreign.installed(t))
	}
	s.Must(t, "restore", "--yes", "fedora-25")
	phase("active")
	update(t, "fedora-43 at the end", f43, log, "vlc-core", "ffmpeg-libs")
}

package clients

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"mirrorctl/test/binary"
)

// librepoScript refreshes one repository as dnf's library does and prints which repomd.xml it took.
const librepoScript = `
import librepo, sys, os
kind, url, dest = sys.argv[1:]
os.makedirs(dest)
h = librepo.Handle()
r = librepo.Result()
h.repotype = librepo.LR_YUMREPO
h.checksum = True
h.destdir = dest
setattr(h, kind, url)
h.perform(r)
print(librepo.VERSION, r.getinfo(librepo.LRR_YUM_REPOMD)["revision"])
`

func TestLibrepo(t *testing.T) {
	if err := exec.Command("/usr/bin/python3", "-c", "import librepo").Run(); err != nil {
		t.Skip("SKIP: python3-librepo is missing; `make packages` installs it")
	}
	s := binary.Demo(t)
	log := &accessLog{file: filepath.Join(s.Dir, "access.log")}
	t.Setenv("MIRRORCTL_ACCESS_LOG_FILE", log.file)
	v := s.Serve(t)

	refresh := func(phase string) {
		log.next(t)
		for _, kind := range []string{"metalink", "mirrorlist"} {
			for _, repo := range []string{"free-fedora-25&arch=x86_64", "nonfree-fedora-updates-released-25&arch=ppc64le", "free-el-updates-released-5&arch=i386"} {
				dest := filepath.Join(t.TempDir(), "dest")
				out, err := exec.Command("/usr/bin/python3", "-c", librepoScript, kind+"url", v.URL+kind+"?repo="+repo, dest).CombinedOutput()
				if err != nil {
					t.Errorf("%s: librepo %s %s: %v\n%s", phase, kind, repo, err, out)
					continue
				}
				lists := 0
				for _, r := range log.next(t) {
					if r.status >= 400 {
						t.Errorf("%s: %s: %d", phase, r.target, r.status)
					}
					if strings.HasPrefix(r.target, "/"+kind) {
						lists++
					}
				}
				if lists != 1 {
					t.Errorf("%s: %s %s: the list was asked for %d times", phase, kind, repo, lists)
				}
				os.RemoveAll(dest)
			}
		}
	}
	refresh("active")
	s.Must(t, "archive", "--yes", "fedora-25")
	refresh("archived")
	s.Must(t, "archive", "--yes", "--prune", "fedora-25")
	refresh("pruned")
	s.Must(t, "restore", "--yes", "fedora-25")
	refresh("restored")
}

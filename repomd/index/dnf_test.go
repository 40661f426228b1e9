package index_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/rpmpack"

	"mirrorctl/repomd/index"
)

// TestDNF lets a real client read and install from what Build made.
func TestDNF(t *testing.T) {
	need(t, "dnf")
	for _, o := range []index.Options{
		{Compression: "gz"},
		{Compression: "zst"},
		{Compression: "xz", Checksum: "sha512"},
		{Checksum: "sha", SimpleNames: true},
	} {
		t.Run(o.Compression+o.Checksum, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "app.rpm", pack(t, rpmpack.RPMMetaData{Name: "app", Version: "1.0~rc1^git1", Release: "1", Arch: "x86_64",
				Requires: relations(t, "lib++x >= 2", "/etc/lib.conf"), Recommends: relations(t, "nowhere")}, nil))
			write(t, dir, "lib++x-3-1.noarch.rpm", pack(t, rpmpack.RPMMetaData{Name: "lib++x", Version: "3", Release: "1"}, func(p *rpmpack.RPM) {
				p.AddFile(rpmpack.RPMFile{Name: "/etc/lib.conf", Mode: 0o644, Owner: "root", Group: "root", Body: []byte("x\n")})
			}))
			if _, err := index.Build(t.Context(), dir, o); err != nil {
				t.Fatal(err)
			}
			root := t.TempDir()
			dnf := func(args ...string) string {
				return run(t, "dnf", append([]string{"-q", "-y", "--noplugins", "--installroot=" + root, "--forcearch=x86_64", "--releasever=25",
					"--setopt=reposdir=/nonexistent", "--setopt=cachedir=" + filepath.Join(root, "cache"), "--setopt=skip_if_unavailable=0",
					"--nogpgcheck", "--repofrompath=t,file://" + dir, "--repo=t"}, args...)...)
			}
			if got := dnf("repoquery", "--requires", "app"); !strings.Contains(got, "lib++x >= 2") || !strings.Contains(got, "/etc/lib.conf") {
				t.Errorf("dnf repoquery --requires app: %s", got)
			}
			dnf("install", "app")
			if got := strings.Fields(run(t, "rpm", "--root", root, "-qa", "--qf", "%{nevra}\n")); len(got) != 2 {
				t.Errorf("installed: %v", got)
			}
		})
	}
}

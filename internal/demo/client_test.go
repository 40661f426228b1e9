package demo

import (
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestRepoFileAsRPMFusion holds the .repo files against those of RPM Fusion's release package, line by
// line; only hosts, keys and what is enabled differ.
func TestRepoFileAsRPMFusion(t *testing.T) {
	for s, name := range map[stage]string{released: "rpmfusion-free.repo", updated: "rpmfusion-free-updates.repo", inTesting: "rpmfusion-free-updates-testing.repo"} {
		t.Run(name, func(t *testing.T) {
			real, err := os.ReadFile(filepath.Join("../../../shared/data/rpmfusion-repo-files", name))
			if err != nil {
				t.Skipf("SKIP: RPM Fusion's .repo files missing: %v", err)
			}
			ours := repoFile("fedora", "free", s, byMetalink, "https://mirrors.rpmfusion.org/", "file:///key")
			got, want := comparableLines(string(ours)), comparableLines(string(real))
			for i := range max(len(got), len(want)) {
				if i >= len(got) || i >= len(want) || got[i] != want[i] {
					t.Fatalf("line %d differs:\n%s\nRPM Fusion has\n%s", i, strings.Join(got, "\n"), strings.Join(want, "\n"))
				}
			}
		})
	}
}

func comparableLines(text string) []string {
	text = strings.ReplaceAll(text, "http://download1.rpmfusion.org/", "https://mirrors.rpmfusion.org/")
	return slices.DeleteFunc(strings.Split(strings.TrimSpace(text), "\n"), func(line string) bool {
		return strings.HasPrefix(line, "enabled=") || strings.HasPrefix(line, "gpgkey=")
	})
}

// TestDNF installs signed packages with an unmodified client, of several releases and architectures, gpgcheck on.
func TestDNF(t *testing.T) {
	need(t, "dnf")
	s := site(t)
	tests := []struct {
		product, version, arch string
		install                []string
		installed              []string
	}{
		{"fedora", "43", "x86_64", []string{"vlc", "unrar"}, []string{"vlc-3.0.21-2.fc43.x86_64", "vlc-data-3.0.21-2.fc43.noarch", "ffmpeg-libs-7.1.2-2.fc43.x86_64", "unrar-7.1.10-2.fc43.x86_64"}},
		{"fedora", "25", "x86_64", []string{"steam", "mpv", "rpmfusion-free-release"}, []string{"lib++x-1.0~rc1^git1-2.fc25.x86_64", "mpv-0.21.0-2.fc25.x86_64", "rpmfusion-free-release-25-1.fc25.noarch"}},
		{"fedora", "25", "ppc64le", []string{"ffmpeg-devel", "mplayer"}, []string{"ffmpeg-devel-3.1.5-2.fc25.ppc64le", "mplayer-common-1.3.0-1.fc25.noarch"}},
		{"el", "9", "x86_64", []string{"@rpmfusion-nonfree-multimedia", "ffmpeg"}, []string{"steam-1.0.0.83-1.el9.x86_64", "ffmpeg-7.1.2-2.el9.x86_64"}},
		{"el", "5", "x86_64", []string{"vlc"}, []string{"vlc-0.9.6-2.el5.x86_64", "ffmpeg-libs-0.4.9-2.el5.x86_64"}},
	}
	for _, tt := range tests {
		t.Run(tt.product+tt.version+tt.arch, func(t *testing.T) {
			repos, root := t.TempDir(), filepath.Join(t.TempDir(), "root")
			key := (&url.URL{Scheme: "file", Path: s.KeyFile}).String()
			for _, flavor := range []string{"free", "nonfree"} {
				for _, st := range stagesOf(tt.product) {
					data := repoFile(tt.product, flavor, st, byBaseurl, "file://"+s.Root+"/", key)
					if err := os.WriteFile(filepath.Join(repos, repoFileName(flavor, st)), data, 0o644); err != nil {
						t.Fatal(err)
					}
				}
			}
			run(t, "dnf", append([]string{"-y", "--noplugins", "--installroot=" + root, "--releasever=" + tt.version, "--forcearch=" + tt.arch, "--setopt=reposdir=" + repos,
				"--setopt=cachedir=" + filepath.Join(root, "cache"), "--setopt=skip_if_unavailable=0", "--setopt=gpgcheck=1", "install"}, tt.install...)...)
			got := strings.Fields(run(t, "rpm", "--root", root, "-qa"))
			for _, want := range tt.installed {
				if !slices.Contains(got, want) {
					t.Errorf("%s is missing in %v", want, got)
				}
			}
			if !slices.ContainsFunc(got, func(p string) bool { return strings.HasPrefix(p, "gpg-pubkey-") }) {
				t.Error("no key was imported: nothing was checked")
			}
			if out := run(t, "rpm", "--root", root, "-Va", "--nodeps", "--nouser", "--nogroup"); out != "" {
				t.Errorf("rpm -Va says %s", out)
			}
		})
	}
}

// TestSignatures lets rpm check digests and signatures of every sort of package.
func TestSignatures(t *testing.T) {
	need(t, "rpmkeys")
	s := site(t)
	db := filepath.Join(t.TempDir(), "db")
	run(t, "rpmkeys", "--dbpath", db, "--import", s.KeyFile)
	samples := []string{
		"free/fedora/releases/25/Everything/x86_64/os/Packages/f/ffmpeg-libs-3.1.5-1.fc25.x86_64.rpm",
		"free/fedora/releases/10/Everything/i386/os/vlc-0.9.6-1.fc10.i586.rpm",
		"free/el/updates/5/ppc/debug/vlc-debuginfo-0.9.6-2.el5.ppc.rpm",
		"nonfree/fedora/updates/testing/44/SRPMS/s/steam-1.0.0.83-3.fc44.src.rpm",
		"nonfree/el/updates/10/aarch64/l/lib++x-1.0~rc1^git1-2.el10.aarch64.rpm",
	}
	for _, name := range samples {
		if got := run(t, "rpmkeys", "--dbpath", db, "-K", filepath.Join(s.Root, name)); !strings.Contains(got, "digests signatures OK") {
			t.Errorf("rpmkeys -K: %s", got)
		}
	}
	data, err := os.ReadFile(filepath.Join(s.Root, samples[0]))
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)-100] ^= 1
	forged := filepath.Join(t.TempDir(), "forged.rpm")
	if err := os.WriteFile(forged, data, 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("rpmkeys", "--dbpath", db, "-K", forged).CombinedOutput(); err == nil {
		t.Errorf("rpmkeys -K accepts a changed package: %s", out)
	}
}

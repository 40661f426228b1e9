package frontend_test

import (
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// dnf5Root is a Debian root with dnf5 in it: MIRRORCTL_DNF5_ROOT, or one that mmdebstrap makes, which takes minutes.
func dnf5Root(t *testing.T) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("SKIP: not root: chroot")
	}
	if root := os.Getenv("MIRRORCTL_DNF5_ROOT"); root != "" {
		return root
	}
	if os.Getenv("MIRRORCTL_COPR") != "long" {
		t.Skip("SKIP: MIRRORCTL_COPR=long makes a root with dnf5, and MIRRORCTL_DNF5_ROOT names one")
	}
	if _, err := exec.LookPath("mmdebstrap"); err != nil {
		t.Skip("SKIP: mmdebstrap is missing")
	}
	root := filepath.Join(t.TempDir(), "root")
	// A snapshot of a testing suite is soon past the date in its Release file.
	out, err := exec.Command("mmdebstrap", `--aptopt=Acquire::Check-Valid-Until "false"`, "--variant=apt", "--include=dnf5,ca-certificates,gpg,gpg-agent", "forky", root).CombinedOutput()
	if err != nil {
		t.Skipf("SKIP: mmdebstrap made no root: %v\n%s", err, out)
	}
	return root
}

// dnf5 writes the .repo file itself, from JSON: for each distribution that it may find itself on, it enables the project and the
// package is installed, with gpgcheck and repo_gpgcheck.
func TestDNF5(t *testing.T) {
	root := dnf5Root(t)
	h := published(t, "fedora-44", "epel-8", "epel-9")
	u, err := url.Parse(h.url)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ id, version, releasever, project, want, installs string }{
		{"fedora", "44", "44", "criu", "/results/adrian/criu/fedora-$releasever-$basearch/", "4.1"},
		{"fedora", "44", "44", "criu:testing", "/results/adrian/criu:testing/fedora-$releasever-$basearch/", "4.2"},
		{"almalinux", "9.4", "9", "criu", "/results/adrian/criu/almalinux-9.4-$basearch/", "4.1"},
		{"rocky", "8.10", "8", "criu", "/results/adrian/criu/rocky-8.10-$basearch/", "4.1"},
		{"rhel", "9.4", "9", "criu", "/results/adrian/criu/rhel-9.4-$basearch/", "4.1"},
		{"ol", "9.5", "9", "criu", "/results/adrian/criu/ol-9.5-$basearch/", "4.1"},
		{"centos", "9", "9", "criu", "/results/adrian/criu/centos-9-$basearch/", "4.1"},
	} {
		t.Run(tt.id+"-"+tt.version+" "+tt.project, func(t *testing.T) {
			// TEST_COPR_CONFIG_DIR stands for /etc in the plugin.
			inside := "/" + filepath.Base(t.TempDir()) + "-" + tt.id + strings.ReplaceAll(tt.project, ":", "-")
			etc := filepath.Join(root, inside)
			t.Cleanup(func() { os.RemoveAll(etc) })
			for name, content := range map[string]string{
				"os-release":                fmt.Sprintf("ID=\"%s\"\nVERSION_ID=\"%s\"\n", tt.id, tt.version),
				"dnf/plugins/copr.d/h.conf": fmt.Sprintf("[hub]\nhostname = %s\nprotocol = http\nport = %s\n", u.Hostname(), u.Port()),
				"yum.repos.d/.keep":         "",
				"root/.keep":                "",
			} {
				full := filepath.Join(etc, name)
				if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(full, []byte(content), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			dnf5 := func(args ...string) string {
				t.Helper()
				cmd := exec.Command("chroot", append([]string{root, "dnf5", "-y"}, args...)...)
				cmd.Env = append(os.Environ(), "LC_ALL=C", "TEST_COPR_CONFIG_DIR="+inside)
				out, err := cmd.CombinedOutput()
				if err != nil {
					t.Fatalf("dnf5 %s: %v\n%s", strings.Join(args, " "), err, out)
				}
				return string(out)
			}
			dnf5("copr", "enable", "hub/adrian/"+tt.project)
			made, err := filepath.Glob(filepath.Join(etc, "yum.repos.d/_copr*.repo"))
			if err != nil || len(made) != 1 {
				t.Fatalf("repositories: %v, %v", made, err)
			}
			raw, err := os.ReadFile(made[0])
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{tt.want, "/results/adrian/criu/pubkey.gpg", "gpgcheck=1"} {
				if !strings.Contains(string(raw), want) {
					t.Errorf("no %q in\n%s", want, raw)
				}
			}
			// It writes repo_gpgcheck=0 whatever it is told; who sets it has signed metadata.
			strictly := strings.Replace(string(raw), "repo_gpgcheck=0", "repo_gpgcheck=1", 1)
			if err := os.WriteFile(made[0], []byte(strictly), 0o644); err != nil || strictly == string(raw) {
				t.Fatalf("repo_gpgcheck: %v", err)
			}
			dnf5("--installroot="+inside+"/root", "--setopt=reposdir="+inside+"/yum.repos.d", "--setopt=cachedir="+inside+"/cache", "--use-host-config",
				"--releasever="+tt.releasever, "install", "criu")
			if got, err := os.ReadFile(filepath.Join(etc, "root/usr/bin/criu")); err != nil || !strings.Contains(string(got), tt.installs) {
				t.Errorf("installed: %q, %v", got, err)
			}
		})
	}
}

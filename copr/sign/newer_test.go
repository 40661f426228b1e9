package sign_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"mirrorctl/copr"
	"mirrorctl/copr/sign"
	"mirrorctl/internal/pgp"
)

// TestNewerRPM lets the rpm of newer Debian suites judge: 4.20 and 6, which read OpenPGP by Sequoia and are strict. The trees are
// made by mmdebstrap, each in over a minute, or found in the directory that MIRRORCTL_RPM_ROOTS names, under their suites' names.
func TestNewerRPM(t *testing.T) {
	if os.Getenv("MIRRORCTL_COPR") != "long" {
		t.Skip("SKIP: takes minutes and the network; set MIRRORCTL_COPR=long")
	}
	need(t, "bwrap", "rpmbuild")
	s, _ := newSigner(t)
	c := serve(t, s, uint32(os.Getuid()))
	from := rpms(t, "w6.xzdio")
	var files []string
	for _, chroot := range []copr.Chroot{el9, el7} {
		for _, name := range from {
			files = append(files, signFile(t, c, chroot, name))
		}
	}
	if _, err := c.CreateKey(t.Context(), project, sign.NewKey{Algorithm: pgp.Ed25519}); err != nil {
		t.Fatal(err)
	}
	files = append(files, signFile(t, c, f44, from[0]))
	public, err := c.PublicKey(t.Context(), project)
	if err != nil {
		t.Fatal(err)
	}
	for _, suite := range []string{"trixie", "sid"} {
		t.Run(suite, func(t *testing.T) {
			root := tree(t, suite)
			inside := sign.Checker{Command: func(ctx context.Context, name string, args ...string) *exec.Cmd {
				return exec.CommandContext(ctx, "bwrap", append([]string{"--ro-bind", root, "/", "--bind", os.TempDir(), "/tmp", "--dev", "/dev", "--proc", "/proc", "--unshare-net", name}, args...)...)
			}}
			t.Log(strings.TrimSpace(run(t, "bwrap", "--ro-bind", root, "/", "rpm", "--version")))
			if os.TempDir() != "/tmp" {
				t.Skip("SKIP: the tree sees the packages in /tmp alone")
			}
			if err := inside.Check(t.Context(), public, files...); err != nil {
				t.Error(err)
			}
			if err := inside.Check(t.Context(), public, from...); err == nil {
				t.Error("unsigned packages passed")
			}
			data, err := os.ReadFile(files[0])
			if err != nil {
				t.Fatal(err)
			}
			data[len(data)-9] ^= 1
			bad := filepath.Join(t.TempDir(), filepath.Base(files[0]))
			if err := os.WriteFile(bad, data, 0o644); err != nil {
				t.Fatal(err)
			}
			if err := inside.Check(t.Context(), public, bad); err == nil {
				t.Error("a flipped byte was missed")
			}
		})
	}
}

// tree is a Debian tree of a suite, with rpm.
func tree(t testing.TB, suite string) string {
	t.Helper()
	if dir := os.Getenv("MIRRORCTL_RPM_ROOTS"); dir != "" {
		if _, err := os.Stat(filepath.Join(dir, suite, "usr/bin/rpmkeys")); err == nil {
			return filepath.Join(dir, suite)
		}
	}
	need(t, "mmdebstrap")
	if os.Getuid() != 0 {
		t.Skip("SKIP: mmdebstrap makes a tree that bwrap can enter as root only")
	}
	root := filepath.Join(t.TempDir(), suite)
	// An archive that is a snapshot has expired, as far as its Release says.
	run(t, "mmdebstrap", "--quiet", "--variant=essential", "--include=rpm", `--aptopt=Acquire::Check-Valid-Until "false"`, suite, root, "http://deb.debian.org/debian")
	return root
}

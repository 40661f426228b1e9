package gate_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mirrorctl/copr"
	"mirrorctl/copr/gate"
	"mirrorctl/copr/vm"
)

// criuVersion is of Debian's package that stands in for a rebuilt one.
const criuVersion = "4.2.1"

// cache keeps what is fetched from Debian from one run to the next.
func cache(t *testing.T) string {
	t.Helper()
	if dir := os.Getenv("MIRRORCTL_VM_CACHE"); dir != "" {
		return dir
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		t.Skipf("SKIP: no cache directory: %v", err)
	}
	return filepath.Join(dir, "mirrorctl-vm")
}

func need(t *testing.T, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			t.Skipf("SKIP: %v", err)
		}
	}
}

// debianCRIU makes an RPM of Debian's criu of an architecture. It returns the directory of the package and the roots that
// have its libraries. With MIRRORCTL_CRIU, the packages are those of that directory's subdirectory for the architecture.
func debianCRIU(t *testing.T, arch string) (dir string, libraries []string) {
	t.Helper()
	need(t, "rpmbuild", "rpm", "bwrap", "apt-get", "dpkg-deb")
	if dir := os.Getenv("MIRRORCTL_CRIU"); dir != "" {
		return filepath.Join(dir, arch), nil
	}
	debian := &vm.Machines{Cache: cache(t), Suite: "sid"}
	roots, err := debian.Packages(t.Context(), arch, "criu")
	if err != nil {
		t.Skipf("SKIP: no criu of Debian: %v", err)
	}
	for _, root := range roots {
		if _, err := os.Stat(filepath.Join(root, "usr/sbin/criu")); err == nil {
			return buildRPM(t, arch, "criu", criuVersion, map[string]string{"/usr/sbin/criu": filepath.Join(root, "usr/sbin/criu")}, ""), roots
		}
	}
	t.Fatal("Debian's criu has no /usr/sbin/criu")
	return "", nil
}

// buildRPM makes an RPM of files by the real rpmbuild.
func buildRPM(t *testing.T, arch, name, version string, files map[string]string, extra string) string {
	t.Helper()
	top := t.TempDir()
	var install, list strings.Builder
	for to, from := range files {
		fmt.Fprintf(&install, "install -D -m 755 %s %%{buildroot}%s\n", from, to)
		fmt.Fprintln(&list, to)
	}
	spec := fmt.Sprintf("Name: %s\nVersion: %s\nRelease: 1\nSummary: a package\nLicense: GPL\nAutoReqProv: no\n%%description\nA package.\n"+
		"%%global debug_package %%{nil}\n%%global __os_install_post %%{nil}\n%%global _build_id_links none\n%%install\n%s\n%%files\n%s\n%s\n", name, version, install.String(), list.String(), extra)
	file := filepath.Join(top, name+".spec")
	if err := os.WriteFile(file, []byte(spec), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("rpmbuild", "-bb", "--target", arch+"-linux", "--define", "_topdir "+top, "--define", "_rpmdir "+top+"/out",
		"--define", "_dbpath "+top+"/db", "--define", "_rpmfilename %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm", file)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("rpmbuild: %v: %s", err, out)
	}
	return filepath.Join(top, "out")
}

func task(name, chroot, evr string) copr.Task {
	c, err := copr.ParseChroot(chroot)
	if err != nil {
		panic(err)
	}
	return copr.Task{Build: 1, Attempt: 1, Package: "criu", Gate: name, Chroot: c, EVR: evr}
}

func show(t *testing.T, reports []copr.Report) {
	t.Helper()
	for _, r := range reports {
		t.Logf("%s on %s of %s: %s", r.Gate, r.Runner, r.Arch, r.Host)
		for _, c := range r.Checks {
			t.Logf("  %-16s %s %8s %s", c.Name, c.Verdict, c.Took.Round(time.Millisecond), c.Reason)
		}
	}
}

// find returns a report's check.
func find(reports []copr.Report, runner, name string) copr.Check {
	for _, r := range reports {
		for _, c := range r.Checks {
			if r.Runner == runner && c.Name == name {
				return c
			}
		}
	}
	return copr.Check{}
}

// allowed are the skips of a machine of which little is known: what its kernel may lack.
var allowed = copr.Allowed{
	"x86_64/root":   {"dependencies", "scriptlets"},
	"x86_64/kernel": {"pre-dump", "pre-dump-lazy", "lazy-pages", "lazy-remote"},
}

// A real criu checkpoints and restores a process on this kernel.
func TestKernel(t *testing.T) {
	dir, libraries := debianCRIU(t, "x86_64")
	need(t, "busybox")
	g := gate.New(gate.Config{Libraries: libraries})
	var log bytes.Buffer
	reports, err := g.Run(t.Context(), task("criu", "epel-9-x86_64", criuVersion+"-1"), dir, &log)
	if err != nil {
		t.Fatalf("%v\n%s", err, log.String())
	}
	show(t, reports)
	if c := find(reports, "kernel", "version"); c.Verdict == copr.Skip {
		t.Skipf("SKIP: %s", c.Reason)
	}
	if len(reports) != 2 {
		t.Fatalf("%d reports", len(reports))
	}
	for _, r := range reports {
		for _, why := range r.Judge(allowed) {
			t.Error(why)
		}
	}
	if t.Failed() {
		t.Log(log.String())
	}
}

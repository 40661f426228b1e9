package rpmbuild_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"mirrorctl/copr"
	"mirrorctl/copr/coprtest"
	"mirrorctl/copr/rpmbuild"
	"mirrorctl/copr/sandbox"
)

func needSandbox(t testing.TB) {
	t.Helper()
	if err := sandbox.Supported(); err != nil {
		t.Skipf("SKIP: %v", err)
	}
	if _, err := exec.LookPath("rpmbuild"); err != nil {
		t.Skip("SKIP: no rpmbuild: install the package rpm")
	}
}

// small is what an attack gets, so that bombs go off soon.
var small = sandbox.Limits{Wall: 30 * time.Second, Memory: 512 << 20, Disk: 64 << 20, Processes: 200, OpenFiles: 256, Output: 256 << 10}

// Each attack goes through both doors: the making of its source package and the build. It must have run, and nothing of it may
// be seen outside.
func TestAttacks(t *testing.T) {
	t.Parallel()
	needSandbox(t)
	t.Logf("as user %d; limits: %s", os.Geteuid(), sandbox.Limiter())
	all := coprtest.Attacks(t)
	if len(all) < 30 {
		t.Fatalf("%d attacks", len(all))
	}
	const lanes = 4
	for lane := range lanes {
		t.Run(fmt.Sprintf("lane%d", lane), func(t *testing.T) {
			t.Parallel()
			canary := coprtest.NewCanary(t)
			for i := lane; i < len(all); i += lanes {
				t.Run(all[i].Name, func(t *testing.T) { attack(t, all[i], canary) })
			}
		})
	}
	t.Logf("%d attacks", len(all))
}

func attack(t *testing.T, a coprtest.Attack, canary *coprtest.Canary) {
	dir := t.TempDir()
	write := func(name string, data []byte) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("attack.spec", a.Spec)
	for name, data := range a.Sources {
		write("sources/"+name, data)
	}
	for _, sub := range []string{"sources", "srpm", "results", "scratch"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}

	reading, building := small, small
	if a.Reason == "time limit" {
		building.Wall = 4 * time.Second
		if a.Sources == nil {
			reading.Wall = 2 * time.Second
		}
	}
	var log bytes.Buffer
	maker := rpmbuild.Maker{Macros: canary.Macros(), Limits: reading}
	err := maker.MakeSRPM(t.Context(), dir+"/attack.spec", dir+"/sources", dir+"/srpm", 1e9, &log)
	var bad *rpmbuild.SpecError
	outcome := copr.Outcome{Exit: 1}
	switch {
	case errors.As(err, &bad):
		outcome.Reason = bad.Reason
	case err != nil:
		t.Fatal(err)
	default:
		srpms, _ := filepath.Glob(dir + "/srpm/*.src.rpm")
		if len(srpms) != 1 {
			t.Fatalf("source packages: %v", srpms)
		}
		builder := &rpmbuild.Builder{Limits: building}
		task := copr.Task{Chroot: copr.Chroot{Distribution: "epel", Version: "9", Arch: coprtest.Arch()}, Package: "attack", Epoch: 1e9}
		task.Profile.Macros = canary.Macros()
		outcome, err = builder.Build(t.Context(), task, copr.Workspace{SRPM: srpms[0], Results: dir + "/results", Scratch: dir + "/scratch", Log: &log})
		if err != nil {
			t.Fatal(err)
		}
	}

	if !strings.Contains(log.String(), a.Log) {
		t.Errorf("it did not run: no %q in the log", a.Log)
	}
	if !strings.Contains(outcome.Reason, a.Reason) || (a.Reason != "" && outcome.Exit == 0) {
		t.Errorf("ended with %d, %q; want %q", outcome.Exit, outcome.Reason, a.Reason)
	}
	// What came out by the other way, the results, is as silent as the log.
	everything := log.Bytes()
	names, err := os.ReadDir(dir + "/results")
	if err != nil {
		t.Fatal(err)
	}
	stays := false
	for _, e := range names {
		data, err := os.ReadFile(filepath.Join(dir, "results", e.Name()))
		if err != nil || !e.Type().IsRegular() || outcome.Exit != 0 {
			t.Errorf("result %s of a build that ended with %d: %v, %v", e.Name(), outcome.Exit, e.Type(), err)
		}
		ours := strings.HasPrefix(e.Name(), "attack-1-1.")
		stays = stays || (a.Stays != "" && strings.HasPrefix(e.Name(), a.Stays))
		if !ours && !stays {
			t.Errorf("result %s", e.Name())
		}
		if info, err := e.Info(); err != nil || info.Mode()&(os.ModeSetuid|os.ModeSetgid|0o111) != 0 {
			t.Errorf("result %s: %v, %v", e.Name(), info.Mode(), err)
		}
		everything = append(everything, data...)
	}
	if a.Stays != "" && !stays {
		t.Errorf("no result %s", a.Stays)
	}
	for _, effect := range canary.Check(t, everything) {
		t.Errorf("effect: %s", effect)
	}
	if t.Failed() {
		t.Logf("%s\nexit %d, %s\n%.6000s", a.Story, outcome.Exit, outcome.Reason, log.String())
	}
}

// The same as another user than root, who may neither make cgroups nor change its identity.
func TestAttacksAsNobody(t *testing.T) {
	t.Parallel()
	needSandbox(t)
	if os.Geteuid() != 0 {
		t.Skip("SKIP: not root: TestAttacks is this test")
	}
	dir, err := os.MkdirTemp("/tmp", "as-nobody-") // whose parents are open to nobody, as those of t.TempDir are not
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	program, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.WriteFile(dir+"/test", program, 0o755), os.Chmod(dir, 0o755), os.Mkdir(dir+"/tmp", 0o700), os.Chown(dir+"/tmp", 65534, 65534)); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), dir+"/test", "-test.run=^TestAttacks$", "-test.v")
	cmd.Dir = dir + "/tmp"
	cmd.Env = []string{"PATH=/usr/bin:/bin", "TMPDIR=" + dir + "/tmp", "HOME=" + dir + "/tmp"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := cmd.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("--- PASS: TestAttacks ")) {
		t.Errorf("%v\n%s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "as user") || strings.Contains(line, " attacks") {
			t.Log(strings.TrimSpace(line))
		}
	}
}

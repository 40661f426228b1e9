package sandbox_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"mirrorctl/copr/sandbox"
)

// needSandbox skips where the machine cannot make one.
func needSandbox(t *testing.T) {
	t.Helper()
	if err := sandbox.Supported(); err != nil {
		t.Skipf("SKIP: %v", err)
	}
}

// sh runs a script in the sandbox.
func sh(t *testing.T, c sandbox.Command, script string) (sandbox.Exit, string) {
	t.Helper()
	var out bytes.Buffer
	c.Args = []string{"/bin/sh", "-c", script}
	c.Output = &out
	exit, err := sandbox.Run(t.Context(), c)
	if err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	return exit, out.String()
}

func TestExitCodes(t *testing.T) {
	needSandbox(t)
	for script, want := range map[string]int{"exit 0": 0, "exit 7": 7, "kill -9 $$": 137, "kill -TERM $$": 143, "no-such-command": 127} {
		if exit, out := sh(t, sandbox.Command{}, script); exit.Code != want || exit.Reason != "" {
			t.Errorf("%s: %+v, want %d\n%s", script, exit, want, out)
		}
		take := sandbox.Command{Take: &sandbox.Take{From: "out", To: t.TempDir()}}
		if exit, out := sh(t, take, script); exit.Code != want || exit.Reason != "" {
			t.Errorf("%s, with results: %+v, want %d\n%s", script, exit, want, out)
		}
	}
}

// What a command sees of itself.
func TestConfinement(t *testing.T) {
	needSandbox(t)
	t.Setenv("MIRRORCTL_CANARY", "seen")
	_, out := sh(t, sandbox.Command{Env: []string{"MINE=1"}}, `env; id -u; echo "pid $$"; ls -d /* | tr '\n' ' '; ls /proc/self/fd | tr '\n' ' '
		grep -E 'Cap(Eff|Prm|Bnd)|NoNewPrivs|Seccomp:' /proc/self/status; hostname; cat /proc/net/dev`)
	for _, want := range []string{"MINE=1", "NoNewPrivs:\t1", "Seccomp:\t2", "CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "\n1000\n", "\nbuild\n", "0 1 2 3 CapPrm"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	for _, hidden := range []string{"CANARY", "/home", "/root", "/srv", "/sys", "eth"} {
		if strings.Contains(out, hidden) {
			t.Errorf("%q in\n%s", hidden, out)
		}
	}
}

func TestFilesAndResults(t *testing.T) {
	needSandbox(t)
	in := filepath.Join(t.TempDir(), "in")
	if err := os.WriteFile(in, []byte("content"), 0o600); err != nil { // the caller's alone
		t.Fatal(err)
	}
	to := t.TempDir()
	exit, out := sh(t, sandbox.Command{
		Files: []sandbox.File{{Name: "SOURCES/a", Path: in}, {Name: "b", Data: []byte("data")}},
		Take:  &sandbox.Take{From: "out", To: to, Suffix: ".rpm"},
	}, `mkdir out; cat SOURCES/a b >out/x.rpm; echo log >out/x.log`)
	if exit.Code != 0 || strings.Join(exit.Taken, " ") != "x.rpm" {
		t.Fatalf("%+v\n%s", exit, out)
	}
	if got, err := os.ReadFile(to + "/x.rpm"); err != nil || string(got) != "contentdata" {
		t.Errorf("%q, %v", got, err)
	}
	if names := list(t, to); names != "x.rpm" {
		t.Errorf("results: %s", names)
	}
}

func list(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

// Each result that is no plain file of its own spoils them all.
func TestRefusedResults(t *testing.T) {
	needSandbox(t)
	for name, tt := range map[string]struct{ script, why string }{
		"symlink":   {`ln -s /etc/passwd out/x.rpm`, "symbolic link"},
		"fifo":      {`mkfifo out/x.rpm`, "fifo"},
		"directory": {`mkdir out/x.rpm`, "directory"},
		"hard link": {`echo >out/w.rpm; ln out/w.rpm out/x.rpm`, "second name"},
		"option":    {`echo >out/-x.rpm`, "not a name"},
		"hidden":    {`echo >'out/a b.rpm'`, "not a name"},
		"newline":   {`echo >"out/a` + "\n" + `b.rpm"`, "not a name"},
		"too many":  {`for i in 1 2 3 4; do echo >out/$i.rpm; done`, "more than 3"},
		"too large": {`head -c 2000000 /dev/zero >out/x.rpm`, "over the limit"},
		"sparse":    {`truncate -s 15M out/x.rpm`, "over the limit"},
	} {
		t.Run(name, func(t *testing.T) {
			to := t.TempDir()
			exit, out := sh(t, sandbox.Command{Take: &sandbox.Take{From: "out", To: to, Suffix: ".rpm", Files: 3, Size: 1 << 20}},
				`mkdir out; echo good >out/good.rpm; `+tt.script)
			if exit.Code == 0 || !strings.Contains(exit.Reason, tt.why) || exit.Taken != nil || list(t, to) != "" {
				t.Errorf("%+v, left %q\n%s", exit, list(t, to), out)
			}
		})
	}
}

func TestLimits(t *testing.T) {
	needSandbox(t)
	t.Logf("limits: %s", sandbox.Limiter())
	limits := sandbox.Limits{Wall: 2 * time.Second, Memory: 256 << 20, Disk: 16 << 20, Processes: 32, OpenFiles: 64, Output: 10000}
	for name, tt := range map[string]struct{ script, says, reason string }{
		"wall":      {`sleep 60`, "", "time limit of 2s"},
		"output":    {`yes`, "[output cut: over the limit of 10000 bytes]", "time limit"},
		"disk":      {`head -c 20M /dev/zero >x; head -c 1M /dev/zero >/tmp/x`, "No space left", ""},
		"processes": {`for i in $(seq 100); do sleep 9 & done; echo no`, "ork", ""},
		"memory":    {`python3 -c "x = bytearray(600 << 20); print('had it')"`, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			exit, out := sh(t, sandbox.Command{Limits: limits}, tt.script)
			if exit.Code == 0 || !strings.Contains(out, tt.says) || !strings.Contains(exit.Reason, tt.reason) || strings.Contains(out, "had it") {
				t.Errorf("%+v\n%.300s", exit, out)
			}
			if len(out) > 20000 {
				t.Errorf("%d bytes of output", len(out))
			}
		})
	}
}

// A cancel ends daemons, too, before Run returns.
func TestCancel(t *testing.T) {
	needSandbox(t)
	marker := fmt.Sprintf("%d", 100000+time.Now().UnixNano()%100000000)
	ctx, cancel := context.WithCancel(t.Context())
	started := make(chan struct{})
	go func() {
		select {
		case <-started:
		case <-time.After(10 * time.Second):
		}
		cancel()
	}()
	out := &notice{want: "up", seen: started}
	_, err := sandbox.Run(ctx, sandbox.Command{
		Args:   []string{"/bin/sh", "-c", "(setsid sh -c 'sleep " + marker + " & sleep " + marker + "' & ) ; trap '' TERM INT; sleep 0.2; echo up; sleep " + marker},
		Output: out,
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if left := running(t, marker); left != "" {
		t.Errorf("still there: %s", left)
	}
}

// notice tells when the output holds a word.
type notice struct {
	bytes.Buffer
	want string
	seen chan struct{}
	told bool
}

func (n *notice) Write(p []byte) (int, error) {
	n.Buffer.Write(p)
	if !n.told && strings.Contains(n.String(), n.want) {
		n.told = true
		close(n.seen)
	}
	return len(p), nil
}

// running lists the processes whose command line holds the marker.
func running(t *testing.T, marker string) string {
	t.Helper()
	names, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, name := range names {
		line, _ := os.ReadFile(name)
		if strings.Contains(string(line), marker) && !strings.Contains(name, fmt.Sprintf("/%d/", os.Getpid())) {
			found = append(found, string(bytes.ReplaceAll(line, []byte{0}, []byte(" "))))
		}
	}
	return strings.Join(found, "; ")
}

// A caller that is killed takes its sandbox along, at whatever moment.
func TestCallerKilled(t *testing.T) {
	needSandbox(t)
	if marker := os.Getenv("SANDBOX_TEST_SLEEP"); marker != "" {
		sandbox.Run(t.Context(), sandbox.Command{Args: []string{"/bin/sh", "-c", "setsid sleep " + marker + " & sleep " + marker}})
		return
	}
	for delay := 5 * time.Millisecond; delay < time.Second; delay = delay * 3 / 2 {
		killCaller(t, delay)
	}
}

func killCaller(t *testing.T, delay time.Duration) {
	marker := fmt.Sprintf("%d", 200000000+time.Now().UnixNano()%100000000)
	caller := exec.Command(os.Args[0], "-test.run=^TestCallerKilled$")
	caller.Env = append(os.Environ(), "SANDBOX_TEST_SLEEP="+marker)
	if err := caller.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(delay)
	caller.Process.Signal(syscall.SIGKILL)
	caller.Wait()
	within(t, "the sandbox is gone", func() bool { return running(t, marker) == "" })
}

func within(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

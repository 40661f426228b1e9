//go:build linux && (amd64 || arm64)

package inject_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"mirrorctl/test/fault/inject"
)

func names(t *testing.T, dir string) int {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// One count over all threads, exact, and nothing counted twice or missed in spite of the
// runtime's signals: eight threads race for it.
func TestCountIsGlobal(t *testing.T) {
	const each = 100
	for _, name := range []string{"threads", "child", "steps"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			want, args := each, []string{dir, "100"}
			if name == "threads" {
				want = 8 * each
			}
			out, err := inject.Injector{Under: []string{dir}}.Run(t.Context(), program(t, name, args...))
			if err != nil || out.Exit != 0 {
				t.Fatalf("exit %d, %v", out.Exit, err)
			}
			if len(out.Calls) != want || names(t, dir) != want {
				t.Fatalf("%d calls counted, %d names made, want %d", len(out.Calls), names(t, dir), want)
			}
			tasks := map[int]bool{}
			for i, c := range out.Calls {
				tasks[c.Task] = true
				if c.N != i+1 || c.KindN != i+1 || c.Kind != inject.Name || !strings.HasPrefix(c.Name, "mkdir") || filepath.Dir(c.Paths[0]) != dir {
					t.Fatalf("call %d is %s", i+1, c)
				}
			}
			if name == "threads" && len(tasks) < 8 {
				t.Errorf("%d tasks seen, want 8: %v", len(tasks), tasks)
			}
			t.Logf("%d calls in %v", len(out.Calls), out.Took)
		})
	}
}

// Killed at call n, exactly n-1 effects are there; the sweep ends by itself.
func TestKillAtEveryCall(t *testing.T) {
	start, points := time.Now(), 0
	for n := 1; ; n++ {
		dir := t.TempDir()
		in := inject.Injector{Under: []string{dir}, Decide: inject.At(n, inject.Verdict{Then: inject.Kill})}
		out, err := in.Run(t.Context(), program(t, "steps", dir, "20"))
		if err != nil {
			t.Fatal(err)
		}
		points++
		if len(out.Struck) == 0 {
			if n != 21 || out.Exit != 0 || out.Killed {
				t.Fatalf("point %d was not struck: exit %d, killed %v", n, out.Exit, out.Killed)
			}
			break
		}
		if !out.Killed || names(t, dir) != n-1 {
			t.Fatalf("point %d: killed %v, %d names, want %d", n, out.Killed, names(t, dir), n-1)
		}
	}
	t.Logf("%d points, %v each", points, time.Since(start)/time.Duration(points))
}

// A thread that is killed takes the others with it before they do anything more.
func TestKillStopsEveryThread(t *testing.T) {
	for n := 1; n < 400; n += 37 {
		dir := t.TempDir()
		in := inject.Injector{Under: []string{dir}, Decide: inject.At(n, inject.Verdict{Then: inject.Kill})}
		out, err := in.Run(t.Context(), program(t, "threads", dir, "100"))
		// Calls that were let go before the n-th may still have been under way: at most one a thread.
		if got := names(t, dir); err != nil || !out.Killed || got > n-1 || got < n-8 {
			t.Fatalf("point %d: killed %v, %d names, %v", n, out.Killed, got, err)
		}
	}
}

func TestKillWithin(t *testing.T) {
	dir := t.TempDir()
	in := inject.Injector{Under: []string{dir}, Decide: inject.At(5, inject.Verdict{Then: inject.KillWithin})}
	out, err := in.Run(t.Context(), program(t, "steps", dir, "20"))
	if got := names(t, dir); err != nil || !out.Killed || got < 4 || got > 5 {
		t.Fatalf("killed %v, %d names, %v", out.Killed, got, err)
	}
}

func TestVerdicts(t *testing.T) {
	tests := []struct {
		name    string
		decide  inject.Decide
		stderr  string // what the command says
		content string // of its file
	}{
		{"untouched", nil, "", "content"},
		{"no space", inject.AtKind(inject.Write, 1, inject.Verdict{Then: inject.Refuse, Errno: unix.ENOSPC}), "no space left on device", ""},
		{"failing sync", inject.AtKind(inject.Sync, 1, inject.Verdict{Then: inject.Refuse, Errno: unix.EIO}), "sync: sync", "content"},
		// os.File repeats what a signal broke off: the command does not notice.
		{"interrupted once", inject.At(2, inject.Verdict{Then: inject.Refuse, Errno: unix.EINTR}), "", "content"},
		{"lied to", inject.AtKind(inject.Write, 1, inject.Verdict{Then: inject.Lie}), "", ""},
		{"full and stays full", inject.From(1, inject.Verdict{Then: inject.Refuse, Errno: unix.EDQUOT}), "disk quota exceeded", "absent"},
		{"first rule wins", inject.Both(
			inject.At(2, inject.Verdict{Then: inject.Lie}),
			inject.At(2, inject.Verdict{Then: inject.Kill})), "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			cmd, stderr := program(t, "sync", dir), new(bytes.Buffer)
			cmd.Stderr = stderr
			out, err := inject.Injector{Under: []string{dir}, Decide: tt.decide}.Run(t.Context(), cmd)
			if err != nil {
				t.Fatal(err)
			}
			if failed := tt.stderr != ""; failed != (out.Exit != 0) || !strings.Contains(stderr.String(), tt.stderr) {
				t.Errorf("exit %d, stderr %q, want %q", out.Exit, stderr, tt.stderr)
			}
			content, err := os.ReadFile(filepath.Join(dir, "file"))
			if err != nil {
				content = []byte("absent")
			}
			if string(content) != tt.content {
				t.Errorf("content %q, want %q", content, tt.content)
			}
			if (tt.decide != nil) != (len(out.Struck) > 0) {
				t.Errorf("struck %v", out.Struck)
			}
		})
	}
}

// While a call is held, the world stands still: only so can power be cut at a call.
func TestHold(t *testing.T) {
	dir := t.TempDir()
	held := 0
	in := inject.Injector{Under: []string{dir}, Decide: inject.At(40, inject.Verdict{Hold: func() error {
		before := names(t, dir)
		time.Sleep(50 * time.Millisecond)
		if after := names(t, dir); after > before+7 { // those already under way may finish
			t.Errorf("%d names were made while the call was held", after-before)
		}
		held++
		return nil
	}})}
	out, err := in.Run(t.Context(), program(t, "threads", dir, "20"))
	if err != nil || out.Exit != 0 || held != 1 || names(t, dir) != 160 {
		t.Fatalf("exit %d, held %d, %v", out.Exit, held, err)
	}

	broken := errors.New("the rig broke")
	in = inject.Injector{Under: []string{t.TempDir()}, Decide: inject.At(3, inject.Verdict{Hold: func() error { return broken }})}
	out, err = in.Run(t.Context(), program(t, "child", in.Under[0], "20"))
	if !errors.Is(err, broken) || !out.Killed || names(t, in.Under[0]) != 2 {
		t.Fatalf("killed %v, %d names, %v", out.Killed, names(t, in.Under[0]), err)
	}
}

// Calls on files elsewhere run uncounted.
func TestElsewhere(t *testing.T) {
	dir := t.TempDir()
	in := inject.Injector{Under: []string{t.TempDir()}, Decide: inject.From(1, inject.Verdict{Then: inject.Kill})}
	out, err := in.Run(t.Context(), program(t, "steps", dir, "20"))
	if err != nil || out.Exit != 0 || len(out.Calls) != 0 || names(t, dir) != 20 {
		t.Fatalf("exit %d, calls %v, %v", out.Exit, out.Calls, err)
	}
}

func TestRunFails(t *testing.T) {
	dir := t.TempDir()
	t.Run("no such command", func(t *testing.T) {
		cmd := program(t, "steps")
		cmd.Path = filepath.Join(dir, "absent")
		out, err := inject.Injector{Under: []string{dir}}.Run(t.Context(), cmd)
		if err == nil && out.Exit != 125 {
			t.Fatalf("exit %d, %v", out.Exit, err)
		}
	})
	t.Run("no such directory", func(t *testing.T) {
		if _, err := (inject.Injector{Under: []string{filepath.Join(dir, "absent")}}).Run(t.Context(), program(t, "steps")); err == nil {
			t.Fatal("no error")
		}
	})
	t.Run("out of time", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		out, err := inject.Injector{Under: []string{dir}}.Run(ctx, program(t, "sleep"))
		if !errors.Is(err, context.DeadlineExceeded) || !out.Killed {
			t.Fatalf("killed %v, %v", out.Killed, err)
		}
	})
}

// A call's place in the source is known, through the runtime and the libraries between.
func TestStack(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	symbols, err := inject.ReadSymbols(self, "mirrorctl/")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	out, err := inject.Injector{Under: []string{dir}, Symbols: symbols}.Run(t.Context(), program(t, "sync", dir))
	if err != nil || len(out.Calls) != 3 {
		t.Fatalf("%v, %v", out.Calls, err)
	}
	for _, c := range out.Calls {
		if len(c.Stack) != 2 || !strings.HasPrefix(c.Stack[0], "inject_test.syncs ") || !strings.HasPrefix(c.Stack[1], "inject_test.TestMain ") {
			t.Errorf("%s: stack %q", c, c.Stack)
		}
	}
	t.Log(out.Calls[2])
	if _, err := inject.ReadSymbols("/proc/self/maps", "mirrorctl/"); err == nil {
		t.Error("no error for what is no binary")
	}
}

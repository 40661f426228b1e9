package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"

	"mirrorctl/internal/demo"
)

// The scripts run this program as its users do: as a process of its own.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"mirrorctl": main})
}

func TestScripts(t *testing.T) {
	cache := filepath.Join(t.TempDir(), "demo")
	made := sync.OnceValue(func() error {
		_, err := demo.Make(context.WithoutCancel(t.Context()), cache, demo.Options{Releases: []string{"el-5", "el-9"}})
		return err
	})
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			e.Values["processes"] = processes{}
			e.Setenv("TZ", "UTC")
			return nil
		},
		Condition: func(name string) (bool, error) {
			if name == "mount" {
				return canMount(), nil
			}
			return false, fmt.Errorf("unknown condition %q", name)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"demosite": func(ts *testscript.TestScript, _ bool, args []string) {
				ts.Check(made())
				demoSite(ts, cache, ts.MkAbs(one(ts, args)))
			},
			"exits": exits,
			"start": start,
			"ends":  ends,
			"serve": serve,
			"await": await,
			"tmpfs": tmpfs,
			"flip":  flip,
		},
	})
}

func one(ts *testscript.TestScript, args []string) string {
	if len(args) != 1 {
		ts.Fatalf("want one argument, have %q", args)
	}
	return args[0]
}

// demoSite copies the site with its times and hard links, and lets its configuration name the copy.
func demoSite(ts *testscript.TestScript, from, to string) {
	if out, err := exec.Command("cp", "-a", from, to).CombinedOutput(); err != nil {
		ts.Fatalf("copy the demo: %v: %s", err, out)
	}
	file := filepath.Join(to, "mirrorctl.yaml")
	ts.Check(os.WriteFile(file, regexp.MustCompile(regexp.QuoteMeta(from)).ReplaceAllLiteral([]byte(ts.ReadFile(file)), []byte(to)), 0o644))
	ts.Setenv("MIRRORCTL_CONFIG", file)
}

// exits N command...: the command ends with that code. What it printed is there for stdout and stderr.
func exits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// flip FILE changes one byte in the middle of a file. Size and time stay.
func flip(ts *testscript.TestScript, _ bool, args []string) {
	name := ts.MkAbs(one(ts, args))
	st, err := os.Stat(name)
	ts.Check(err)
	data := []byte(ts.ReadFile(name))
	data[len(data)/2] ^= 1
	ts.Check(os.WriteFile(name, data, 0o644))
	ts.Check(os.Chtimes(name, st.ModTime(), st.ModTime()))
}

// await FILE PATTERN waits until a file matches.
func await(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: await FILE PATTERN")
	}
	want := regexp.MustCompile(args[1])
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		files, err := filepath.Glob(ts.MkAbs(args[0]))
		ts.Check(err)
		for _, f := range files {
			if data, err := os.ReadFile(f); err == nil && want.Match(data) {
				return
			}
		}
		if time.Now().After(end) {
			ts.Fatalf("%s never matched %s", args[0], args[1])
		}
	}
}

// tmpfs DIR OPTIONS mounts an empty filesystem for the length of the script.
func tmpfs(ts *testscript.TestScript, _ bool, args []string) {
	dir := ts.MkAbs(args[0])
	ts.Check(unix.Mount("tmpfs", dir, "tmpfs", 0, args[1]))
	ts.Defer(func() { ts.Check(unix.Unmount(dir, unix.MNT_DETACH)) })
}

var canMount = sync.OnceValue(func() bool {
	dir, err := os.MkdirTemp("", "mirrorctl-mount-")
	if err != nil {
		return false
	}
	defer os.Remove(dir)
	return unix.Mount("tmpfs", dir, "tmpfs", 0, "size=4k") == nil && unix.Unmount(dir, 0) == nil
})

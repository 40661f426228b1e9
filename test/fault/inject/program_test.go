//go:build linux && (amd64 || arm64)

package inject_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"mirrorctl/test/fault/inject"
)

// The commands under test are this binary with programEnv set.
const programEnv = "FAULT_TEST_PROGRAM"

func TestMain(m *testing.M) {
	inject.Launched()
	if name, ok := os.LookupEnv(programEnv); ok {
		if err := programs[name](os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func program(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Env = append(os.Environ(), programEnv+"="+name)
	cmd.Stderr = os.Stderr
	return cmd
}

var programs = map[string]func(args []string) error{
	"steps": steps, "threads": threads, "child": child, "sleep": sleep, "sync": syncs,
}

// steps makes args[1] directories one after another: one call, one visible effect.
func steps(args []string) error {
	n, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	for i := range n {
		fmt.Println("step", i) // must not count
		if err := os.Mkdir(filepath.Join(args[0], fmt.Sprintf("%03d", i)), 0o755); err != nil {
			return err
		}
	}
	return nil
}

// threads does the same from eight threads at once, through relative paths and descriptors.
func threads(args []string) error {
	each, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	dir, err := unix.Open(args[0], unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	var wg sync.WaitGroup
	errs := make(chan error, 8)
	for thread := range 8 {
		wg.Go(func() {
			runtime.LockOSThread() // its thread ends with it
			for i := range each {
				if err := unix.Mkdirat(dir, fmt.Sprintf("%d-%03d", thread, i), 0o755); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	wg.Wait()
	close(errs)
	return <-errs
}

// child lets a child of its own do the steps.
func child(args []string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.Command(self, args...)
	cmd.Env = append(os.Environ(), programEnv+"=steps")
	return cmd.Run()
}

func sleep(args []string) error {
	time.Sleep(time.Minute)
	return nil
}

// syncs writes a file and makes it durable, telling what it got.
func syncs(args []string) error {
	f, err := os.Create(filepath.Join(args[0], "file"))
	if err != nil {
		return err
	}
	if _, err := f.WriteString("content"); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("sync: %w", err)
	}
	return f.Close()
}

// Package binary builds mirrorctl once and runs it as its users do: as a process,
// with a configuration file, on loopback ports of its own. The campaigns beside it
// (clients, load, fault) start from here.
package binary

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// built is the program, made once a test process.
var built = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "mirrorctl-bin-")
	if err != nil {
		return "", err
	}
	bin := filepath.Join(dir, "mirrorctl")
	args := []string{"build", "-o", bin}
	if os.Getenv("MIRRORCTL_RACE") != "" {
		args = append(args, "-race")
	}
	out, err := exec.Command("go", append(args, "mirrorctl/cmd/mirrorctl")...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build mirrorctl: %w\n%s", err, out)
	}
	return bin, nil
})

// Path is the built program.
func Path(t testing.TB) string {
	t.Helper()
	bin, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return bin
}

// Site is a directory with a demo site in it.
type Site struct {
	Dir    string
	Config string
	bin    string
}

// Demo makes a demo site in a fresh directory.
func Demo(t testing.TB) *Site {
	t.Helper()
	s := &Site{Dir: t.TempDir(), bin: Path(t)}
	s.Config = filepath.Join(s.Dir, "mirrorctl.yaml")
	if out, err := exec.Command(s.bin, "demo", "--no-serve", s.Dir).CombinedOutput(); err != nil {
		t.Fatalf("make a demo site: %v\n%s", err, out)
	}
	return s
}

// At is a site in a directory that the test made, with its configuration in mirrorctl.yaml.
func At(t testing.TB, dir string) *Site {
	return &Site{Dir: dir, Config: filepath.Join(dir, "mirrorctl.yaml"), bin: Path(t)}
}

// Result is how a command ended.
type Result struct {
	Stdout, Stderr string
	Code           int
}

// Run executes one command on the site and waits for it.
func (s *Site) Run(t testing.TB, args ...string) Result {
	t.Helper()
	cmd := s.Command(t.Context(), args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("mirrorctl %s: %v", strings.Join(args, " "), err)
	}
	return Result{out.String(), errs.String(), cmd.ProcessState.ExitCode()}
}

// Must is Run for a command that has to succeed.
func (s *Site) Must(t testing.TB, args ...string) Result {
	t.Helper()
	r := s.Run(t, args...)
	if r.Code != 0 {
		t.Fatalf("mirrorctl %s: exit code %d\n%s%s", strings.Join(args, " "), r.Code, r.Stdout, r.Stderr)
	}
	return r
}

// Command prepares a command on the site.
func (s *Site) Command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, s.bin, append([]string{"--config", s.Config}, args...)...)
	cmd.Env = append(os.Environ(), "MIRRORCTL_CONFIG=")
	return cmd
}

// Server is a running `mirrorctl serve`.
type Server struct {
	URL, Admin string // with a trailing slash
	Addr       string
	cmd        *exec.Cmd
	done       chan error
	log        *bytes.Buffer
}

// Serve starts the service on free loopback ports and waits until it is ready. It is
// stopped when the test ends.
func (s *Site) Serve(t testing.TB, args ...string) *Server {
	t.Helper()
	addr, admin := FreeAddr(t), FreeAddr(t)
	return s.ServeAt(t, addr, admin, args...)
}

// ServeAt is Serve on given addresses.
func (s *Site) ServeAt(t testing.TB, addr, admin string, args ...string) *Server {
	t.Helper()
	v := &Server{URL: "http://" + addr + "/", Admin: "http://" + admin + "/", Addr: addr, done: make(chan error, 1), log: &bytes.Buffer{}}
	v.cmd = s.Command(context.Background(), append([]string{"serve", "--listen", addr, "--admin-listen", admin, "--public-url", v.URL}, args...)...)
	v.cmd.Stderr, v.cmd.Stdout = v.log, v.log
	if err := v.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { v.done <- v.cmd.Wait() }()
	t.Cleanup(func() { v.Stop(t) })
	if err := v.Ready(30 * time.Second); err != nil {
		v.Stop(t)
		t.Fatalf("%v\n%s", err, v.log)
	}
	return v
}

// Pid is the process.
func (v *Server) Pid() int { return v.cmd.Process.Pid }

// Ready waits until the service answers that it is.
func (v *Server) Ready(within time.Duration) error {
	for end := time.Now().Add(within); ; time.Sleep(20 * time.Millisecond) {
		res, err := http.Get(v.URL + "readyz")
		if err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return nil
			}
		}
		if time.Now().After(end) {
			return fmt.Errorf("not ready within %s: %v", within, err)
		}
	}
}

// Stop ends the service with SIGTERM and returns what it logged. It may be called twice.
func (v *Server) Stop(t testing.TB) string {
	t.Helper()
	if v.cmd == nil {
		return v.log.String()
	}
	v.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-v.done:
	case <-time.After(60 * time.Second):
		v.cmd.Process.Kill()
		<-v.done
		t.Errorf("the service did not end within 60 s of SIGTERM")
	}
	v.cmd = nil
	return v.log.String()
}

// Kill ends the service with SIGKILL.
func (v *Server) Kill() {
	v.cmd.Process.Kill()
	<-v.done
	v.cmd = nil
}

// FreeAddr is a loopback address that nobody listens on.
func FreeAddr(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

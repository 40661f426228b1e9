// Package s3 runs a real S3 server, versitygw, for tests, behind a proxy that can be told to
// misbehave. The server listens on a unix socket and the proxy on a port of loopback that is free.
package s3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"
)

// What a client signs with, here.
const (
	AccessKey = "mirrorctl-test"
	SecretKey = "canary-secret-Zq3vK9-not-for-logs"
	Region    = "us-east-1"
)

// Server is a running versitygw.
type Server struct {
	Endpoint string // of the proxy
	Dir      string // buckets are directories in it, and files in them objects
	Proxy    *Proxy

	t      testing.TB
	binary string
	socket string

	mu  sync.Mutex // guards cmd
	cmd *exec.Cmd
}

// Start starts a server that ends with the test. Where there is none, the test is skipped.
func Start(t testing.TB) *Server {
	t.Helper()
	binary, err := build()
	if err != nil {
		t.Skipf("SKIP: versitygw: %v", err)
	}
	// Short: the path of a unix socket may have 107 bytes.
	dir, err := os.MkdirTemp("", "s3-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	s := &Server{Dir: filepath.Join(dir, "buckets"), t: t, binary: binary, socket: filepath.Join(dir, "sock")}
	if err := os.Mkdir(s.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	s.Proxy = newProxy(t, s.socket)
	s.Endpoint = "http://" + s.Proxy.addr
	s.Run()
	t.Cleanup(s.Kill)
	return s
}

// Bucket makes a new bucket.
func (s *Server) Bucket(name string) string {
	s.t.Helper()
	if err := os.Mkdir(filepath.Join(s.Dir, name), 0o755); err != nil {
		s.t.Fatal(err)
	}
	return name
}

// Run starts the server, again after Kill.
func (s *Server) Run() {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = os.Remove(s.socket) // a killed server leaves it
	var log bytes.Buffer
	cmd := exec.Command(s.binary, "--port", s.socket, "--region", Region, "--keep-alive", "--quiet", "posix", s.Dir)
	cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+AccessKey, "ROOT_SECRET_KEY="+SecretKey)
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.Dir, &log, &log
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.cmd = cmd
	for range 500 {
		if c, err := net.Dial("unix", s.socket); err == nil {
			c.Close()
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	s.t.Fatalf("versitygw did not listen:\n%s", log.String())
}

// Kill kills the server.
func (s *Server) Kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
	s.cmd = nil
}

// build finds the server, or builds it once where MIRRORCTL_S3=build says that there is time: it takes minutes.
var build = sync.OnceValues(func() (string, error) {
	_, file, _, ok := runtime.Caller(0)
	if !ok {
		return "", errors.New("no source tree")
	}
	root := filepath.Join(filepath.Dir(file), "..", "..")
	binary := filepath.Join(root, "bin", "versitygw")
	if os.Getenv("MIRRORCTL_S3") != "build" {
		if _, err := os.Stat(binary); err != nil {
			return "", errors.New("it is not there; `make s3` builds it, which takes minutes")
		}
		return binary, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 8*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", "build", "-o", binary, "github.com/versity/versitygw/cmd/versitygw")
	cmd.Dir = filepath.Join(root, "tools")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, bytes.TrimSpace(out))
	}
	return binary, nil
})

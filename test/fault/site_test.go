//go:build linux && (amd64 || arm64)

package fault_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"mirrorctl/test/fault/fixture"
	"mirrorctl/test/fault/inject"
	"mirrorctl/test/fault/oracle"
)

// stuck is how long a command may take: the fixture is small.
const stuck = 60 * time.Second

// site is one site and the program that works on it: the stage of one point.
type site struct {
	fixture.Site
	oracle  oracle.Site
	subject subject
	server  *exec.Cmd
	log     bytes.Buffer // the server's
}

// newSite makes a fresh site in a directory of its own. Root, archive and state lie there too, unless
// on says elsewhere. Close it, even after an error.
func newSite(sub subject, on fixture.Site) (*site, error) {
	s := &site{subject: sub, Site: on}
	var err error
	if s.Dir, err = os.MkdirTemp(scratch, "site"); err != nil {
		return s, err
	}
	if s.Listen, err = freePort(); err != nil {
		return s, err
	}
	if err := s.Make(); err != nil {
		return s, err
	}
	before, err := oracle.Take(s.Root)
	s.oracle = oracle.Site{Root: s.Root, Archive: s.Archive, State: s.State, Release: fixture.Release, Trees: fixture.Trees, Before: before}
	return s, err
}

func (s *site) close() error {
	s.stopServer()
	http.DefaultClient.CloseIdleConnections()
	return os.RemoveAll(s.Dir)
}

func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// run runs the program to its end, in peace.
func (s *site) run(ctx context.Context, args ...string) (exit int, output string, err error) {
	ctx, cancel := context.WithTimeout(ctx, stuck)
	defer cancel()
	cmd := s.subject.command(s, args...)
	out, err := s.inject(ctx, cmd, nil)
	return out.Exit, out.output, err
}

type outcome struct {
	inject.Outcome
	output string
}

// inject runs cmd, and decide judges its calls.
func (s *site) inject(ctx context.Context, cmd *exec.Cmd, decide inject.Decide) (outcome, error) {
	ctx, cancel := context.WithTimeout(ctx, stuck)
	defer cancel()
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	in := inject.Injector{Under: s.Dirs(), Decide: decide}
	out, err := in.Run(ctx, cmd)
	return outcome{out, output.String()}, err
}

// serve starts the program's server, if it has one, and waits until it is ready.
func (s *site) serve(ctx context.Context) error {
	if !s.subject.serves || s.server != nil {
		return nil
	}
	cmd := s.subject.command(s, "serve")
	cmd.Stdout, cmd.Stderr = &s.log, &s.log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return err
	}
	s.server = cmd
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if resp, err := http.Get("http://" + s.Listen + "/readyz"); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		if time.Now().After(deadline) || ctx.Err() != nil {
			s.stopServer()
			return fmt.Errorf("the server is not ready: %s", &s.log)
		}
	}
}

// stopServer kills the server.
func (s *site) stopServer() {
	if s.server != nil {
		_ = s.server.Process.Kill()
		_ = s.server.Wait()
		s.server = nil
	}
}

// clients is I5: every file of the first state is answered with its bytes, at once.
func (s *site) clients(ctx context.Context) error {
	if s.server == nil {
		return nil
	}
	for path, e := range s.oracle.Before {
		if !e.Type.IsRegular() {
			continue
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.Listen+"/"+path, nil)
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return fmt.Errorf("I5: GET %s: %w", path, err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		switch {
		case err != nil:
			return fmt.Errorf("I5: GET %s: %w", path, err)
		case resp.StatusCode != http.StatusOK:
			return fmt.Errorf("I5: GET %s: %s from %s", path, resp.Status, resp.Request.URL)
		case oracle.Sum(body) != e.SHA256:
			return fmt.Errorf("I5: GET %s: wrong bytes from %s", path, resp.Request.URL)
		}
	}
	return nil
}

// under reports whether path is dir or lies in it.
func under(path, dir string) bool {
	return path == dir || strings.HasPrefix(path, dir+"/")
}

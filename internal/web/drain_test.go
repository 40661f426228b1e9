package web_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"mirrorctl/internal/web"
)

// TestMain is also the server of TestRestartsOfProcesses.
func TestMain(m *testing.M) {
	if addr := os.Getenv("WEB_TEST_SERVE"); addr != "" {
		if err := serveProcess(addr); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

var hello = inMemory(3000)

func newServer(t testing.TB) *web.Server {
	h := newEdge(t, nil).Wrap(func(w http.ResponseWriter, r *http.Request) error {
		switch r.URL.Path {
		case "/slow":
			time.Sleep(50 * time.Millisecond)
		case "/file": // any large file will do
			st, err := os.Stat(os.Args[0])
			if err != nil {
				return err
			}
			return web.ServeContent(w, r, web.Content{Name: "file", Size: st.Size(), Open: func() (io.ReadSeekCloser, error) { return os.Open(os.Args[0]) }})
		}
		return web.ServeContent(w, r, hello)
	})
	return &web.Server{Handler: h, Settle: 100 * time.Millisecond, IdleGrace: 500 * time.Millisecond}
}

// serveProcess serves until SIGTERM, then drains.
func serveProcess(addr string) error {
	stop, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer cancel()
	var l *web.Listener
	inherited, err := web.Inherited()
	switch {
	case err != nil:
		return err
	case len(inherited["http"]) == 1:
		l = inherited["http"][0]
	default:
		if l, err = takeOrListen(stop, os.Getenv("WEB_TEST_HANDOVER"), addr); err != nil {
			return err
		}
	}
	s := newServer(new(testing.T))
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	offered := make(chan error, 1)
	if path := os.Getenv("WEB_TEST_HANDOVER"); path != "" {
		h, err := web.NewHandover(path, map[string]*web.Listener{"http": l})
		if err != nil {
			return err
		}
		go func() { offered <- h.Run(stop) }()
	} else {
		offered <- nil
	}
	fmt.Println(l.Addr())
	<-stop.Done()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return errors.Join(s.Drain(ctx), <-served, <-offered)
}

// takeOrListen is what a server does at its start: take the predecessor's socket, or be the first.
func takeOrListen(ctx context.Context, path, addr string) (*web.Listener, error) {
	if path != "" {
		taken, err := web.Take(path)
		if l := taken["http"]; l != nil || err != nil {
			return l, err
		}
	}
	return web.Listen(ctx, addr)
}

const restarts = 20

func TestRestartsInProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "handover")
	type running struct {
		*web.Server
		ended chan error
		stop  context.CancelFunc
		addr  string
	}
	start := func() running {
		ctx, cancel := context.WithCancel(t.Context())
		l, err := takeOrListen(ctx, path, "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		r := running{newServer(t), make(chan error, 2), cancel, l.Addr().String()}
		go func() { r.ended <- r.Serve(l) }()
		h, err := web.NewHandover(path, map[string]*web.Listener{"http": l})
		if err != nil {
			t.Fatal(err)
		}
		go func() { r.ended <- h.Run(ctx) }()
		return r
	}
	now := start()
	clients := startLoad(now.addr)
	for range restarts {
		time.Sleep(50 * time.Millisecond)
		next := start()
		if next.addr != now.addr {
			t.Fatalf("the successor listens on %s, not on %s", next.addr, now.addr)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		now.stop()
		if err := errors.Join(now.Drain(ctx), <-now.ended, <-now.ended); err != nil {
			t.Error(err)
		}
		cancel()
		now = next
	}
	clients.finish(t, 1000)
	now.stop()
	if err := errors.Join(now.Drain(t.Context()), <-now.ended, <-now.ended); err != nil {
		t.Error(err)
	}
}

// process is a server process of its own.
type process struct {
	cmd  *exec.Cmd
	addr string
}

func startProcess(t *testing.T, addr string, inherit *os.File) process {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "WEB_TEST_SERVE="+addr)
	if inherit != nil {
		// LISTEN_PID must be the child's own pid: a shell knows it, and keeps it over exec.
		cmd = exec.Command("/bin/sh", "-c", "LISTEN_PID=$$ exec \"$0\"", os.Args[0])
		cmd.Env = append(os.Environ(), "WEB_TEST_SERVE="+addr, "LISTEN_FDS=1", "LISTEN_FDNAMES=http")
		cmd.ExtraFiles = []*os.File{inherit}
	}
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return process{cmd, strings.TrimSpace(line)}
}

func (p process) terminate(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("server: %v", err)
	}
}

func TestRestartsOfProcesses(t *testing.T) {
	t.Setenv("WEB_TEST_HANDOVER", filepath.Join(t.TempDir(), "handover"))
	now := startProcess(t, "127.0.0.1:0", nil)
	clients := startLoad(now.addr)
	for range restarts {
		time.Sleep(50 * time.Millisecond)
		next := startProcess(t, "127.0.0.1:0", nil)
		if next.addr != now.addr {
			t.Fatalf("the successor listens on %s, not on %s", next.addr, now.addr)
		}
		now.terminate(t)
		now = next
	}
	clients.finish(t, 1000)
	now.terminate(t)
}

// With a socket that somebody else holds there may even be a time without any server.
func TestRestartsWithSocketActivation(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	socket, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	now := startProcess(t, "inherited", socket)
	if now.addr != l.Addr().String() {
		t.Fatalf("serves %s, was given %s", now.addr, l.Addr())
	}
	clients := startLoad(now.addr)
	for range 5 {
		time.Sleep(50 * time.Millisecond)
		now.terminate(t)
		now = startProcess(t, "inherited", socket)
	}
	clients.finish(t, 200)
	now.terminate(t)
}

func TestDrainClosesIdleAndCutsTheRest(t *testing.T) {
	l, err := web.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	release := make(chan struct{})
	s := &web.Server{Settle: time.Millisecond, IdleGrace: 50 * time.Millisecond, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/hang" {
			<-release
		}
	})}
	defer close(release)
	go s.Serve(l)
	ask := func(path string) net.Conn {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path)
		return c
	}
	idle := ask("/")
	defer idle.Close()
	if _, err := http.ReadResponse(bufio.NewReader(idle), nil); err != nil {
		t.Fatal(err)
	}
	hangs := ask("/hang")
	defer hangs.Close()
	for s.Connections() < 2 {
		time.Sleep(time.Millisecond)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	err = s.Drain(ctx)
	if err == nil || !strings.Contains(err.Error(), "1 connections cut") || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("drain: %v", err)
	}
	if !s.Draining() {
		t.Error("not draining")
	}
}

func TestMaxConns(t *testing.T) {
	l, err := web.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := newServer(t)
	s.MaxConns = 2
	go s.Serve(l)
	var conns []net.Conn
	for range 4 {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		conns = append(conns, c)
	}
	answered := func(c net.Conn) bool {
		c.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		return err == nil && resp.StatusCode == 200
	}
	var got []string
	for _, c := range conns {
		got = append(got, strconv.FormatBool(answered(c)))
	}
	if s := strings.Join(got, " "); s != "true true false false" {
		t.Errorf("answered: %s", s)
	}
	conns[0].Close() // its slot goes to the next in the queue
	if !answered(conns[2]) {
		t.Error("the third connection got no slot")
	}
	for _, c := range conns {
		c.Close()
	}
	if err := s.Drain(t.Context()); err != nil {
		t.Error(err)
	}
}

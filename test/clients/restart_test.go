package clients

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"mirrorctl/test/binary"
)

const restarts = 10 // of each way

// strict is a client that never asks twice. A request is lost when the connection is refused or reset, or ends without a
// complete answer: also when a connection that was kept alive ends without having said so.
type strict struct {
	addr  string
	paths []string

	answered, lost, connections atomic.Int64
	slowest                     atomic.Int64 // nanoseconds
	once                        sync.Once
	first                       error
	wg                          sync.WaitGroup
}

// start runs keep clients that keep their connection, and fresh ones that open one for each request.
func (c *strict) start(keep, fresh int, stop <-chan struct{}) {
	for i := range keep + fresh {
		c.wg.Go(func() {
			var conn net.Conn
			var in *bufio.Reader
			for n := i; ; n++ {
				select {
				case <-stop:
					if conn != nil {
						conn.Close()
					}
					return
				default:
				}
				begin := time.Now()
				more, err := false, error(nil)
				if conn == nil {
					if conn, err = net.DialTimeout("tcp", c.addr, 60*time.Second); err == nil {
						c.connections.Add(1)
						in = bufio.NewReader(conn)
					}
				}
				if err == nil {
					more, err = askOnce(conn, in, c.addr, c.paths[n%len(c.paths)])
				}
				if err != nil {
					c.lost.Add(1)
					c.once.Do(func() { c.first = fmt.Errorf("client %d, %s: %w", i, c.paths[n%len(c.paths)], err) })
				} else {
					c.answered.Add(1)
				}
				for took := int64(time.Since(begin)); ; {
					if old := c.slowest.Load(); took <= old || c.slowest.CompareAndSwap(old, took) {
						break
					}
				}
				if conn != nil && (err != nil || !more || i >= keep) {
					conn.Close()
					conn = nil
				}
				time.Sleep(time.Duration(n%5) * time.Millisecond) // two cores have to start processes, too
			}
		})
	}
}

// askOnce sends one request and reads the whole answer. more tells whether the connection may be used again.
func askOnce(conn net.Conn, in *bufio.Reader, host, path string) (more bool, err error) {
	conn.SetDeadline(time.Now().Add(60 * time.Second))
	if _, err := fmt.Fprintf(conn, "GET /%s HTTP/1.1\r\nHost: %s\r\n\r\n", path, host); err != nil {
		return false, fmt.Errorf("send: %w", err)
	}
	res, err := http.ReadResponse(in, nil)
	if err != nil {
		return false, fmt.Errorf("no answer: %w", err)
	}
	n, err := io.Copy(io.Discard, res.Body)
	switch {
	case err != nil:
		return false, fmt.Errorf("after %d of %d bytes: %w", n, res.ContentLength, err)
	case res.StatusCode != http.StatusOK:
		return false, fmt.Errorf("%s", res.Status)
	}
	return !res.Close, nil
}

func (c *strict) report(t *testing.T, how string) {
	fmt.Printf("figure: %d restarts by %s: %d requests on %d connections, %d lost; the slowest answer took %s\n", restarts, how,
		c.answered.Load()+c.lost.Load(), c.connections.Load(), c.lost.Load(), time.Duration(c.slowest.Load()).Round(time.Millisecond))
	if c.lost.Load() > 0 {
		t.Errorf("first loss: %v", c.first)
	}
	if c.answered.Load() < 50*restarts {
		t.Errorf("only %d requests: the clients were starved, this run says nothing", c.answered.Load())
	}
}

// asked are an index and metadata in memory, the largest package, a list and a page.
func asked(t testing.TB, root string) []string {
	dir := "free/fedora/updates/43/x86_64"
	largest, size := "", int64(0)
	err := filepath.WalkDir(filepath.Join(root, dir), func(name string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(name, ".rpm") {
			return err
		}
		st, err := d.Info()
		if err == nil && st.Size() > size {
			largest, size = name, st.Size()
		}
		return err
	})
	if err != nil || largest == "" {
		t.Fatalf("no package in %s: %v", dir, err)
	}
	rel, err := filepath.Rel(root, largest)
	if err != nil {
		t.Fatal(err)
	}
	return []string{dir + "/repodata/repomd.xml", rel, "mirrorlist?repo=free-fedora-updates-released-43&arch=x86_64", "free/fedora/", dir + "/repodata/repomd.xml"}
}

// awaitReady waits until the admin listener, which is one process's own, says so.
func awaitReady(t testing.TB, admin string) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		res, err := http.Get(admin + "readyz")
		if err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
		if time.Now().After(end) {
			t.Fatalf("%s: not ready within 30 s: %v", admin, err)
		}
	}
}

// Each service is succeeded by the next, which takes its listeners over before the old one is told to end.
func TestNoRequestIsLostInRollingRestarts(t *testing.T) {
	s := binary.Demo(t)
	addr := binary.FreeAddr(t)
	now := s.ServeAt(t, addr, binary.FreeAddr(t))
	c := &strict{addr: addr, paths: asked(t, filepath.Join(s.Dir, "pub"))}
	stop := make(chan struct{})
	c.start(8, 8, stop)
	for range restarts {
		next := s.ServeAt(t, addr, binary.FreeAddr(t), "--takeover")
		awaitReady(t, next.Admin)
		if log := now.Stop(t); strings.Contains(log, "too long") || !strings.Contains(log, "stopped") {
			t.Errorf("a drain that was cut short: %s", log)
		}
		now = next
	}
	time.Sleep(200 * time.Millisecond)
	close(stop)
	c.wg.Wait()
	c.report(t, "takeover")
}

// The listening socket outlives each service, as under systemd: who comes in between waits for the next.
func TestNoRequestIsLostUnderSocketActivation(t *testing.T) {
	s := binary.Demo(t)
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
	addr, admin := l.Addr().String(), binary.FreeAddr(t)

	type process struct {
		*exec.Cmd
		log   bytes.Buffer
		ended chan error
	}
	activate := func() *process {
		p := &process{ended: make(chan error, 1)}
		// LISTEN_PID has to be the process's own, which only it knows: exec keeps the shell's.
		p.Cmd = exec.Command("sh", "-c", `LISTEN_PID=$$ exec "$0" "$@"`, binary.Path(t), "--config", s.Config, "serve",
			"--admin-listen", admin, "--public-url", "http://"+addr+"/")
		p.Env = append(os.Environ(), "LISTEN_FDS=1", "LISTEN_FDNAMES=public")
		p.ExtraFiles = []*os.File{socket} // descriptor 3
		p.Stderr = &p.log
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
		go func() { p.ended <- p.Wait() }()
		t.Cleanup(func() { p.Process.Kill() })
		awaitReady(t, "http://"+admin+"/")
		return p
	}
	terminate := func(p *process) {
		p.Process.Signal(syscall.SIGTERM)
		select {
		case err := <-p.ended:
			if err != nil || strings.Contains(p.log.String(), "too long") {
				t.Errorf("%v: %s", err, &p.log)
			}
		case <-time.After(40 * time.Second):
			t.Fatalf("no end within 40 s of SIGTERM: %s", &p.log)
		}
	}
	now := activate()
	c := &strict{addr: addr, paths: asked(t, filepath.Join(s.Dir, "pub"))}
	stop := make(chan struct{})
	c.start(8, 8, stop)
	for range restarts {
		time.Sleep(100 * time.Millisecond)
		terminate(now)
		now = activate()
	}
	time.Sleep(200 * time.Millisecond)
	close(stop)
	c.wg.Wait()
	terminate(now)
	c.report(t, "socket activation")
}

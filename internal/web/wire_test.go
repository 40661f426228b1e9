package web_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"mirrorctl/internal/web"
)

// listen serves h on a real connection.
func listen(t *testing.T, h web.Handler) string {
	t.Helper()
	l, err := web.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &web.Server{Handler: newEdge(t, nil).Wrap(h), Settle: time.Millisecond, IdleGrace: time.Millisecond}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer cancel()
		s.Drain(ctx) // a test may leave connections behind
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return l.Addr().String()
}

// exchange writes raw bytes, in pieces, and reads until the server closes or says nothing for a while.
func exchange(t *testing.T, addr string, pieces ...string) (answer string, closed bool) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, p := range pieces {
		io.WriteString(c, p)
		time.Sleep(10 * time.Millisecond)
	}
	c.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
	b, err := io.ReadAll(c)
	return string(b), err == nil || strings.Contains(err.Error(), "reset")
}

func TestSmugglersAreShownOut(t *testing.T) {
	smuggled := 0
	addr := listen(t, func(w http.ResponseWriter, r *http.Request) error {
		if r.URL.Path == "/smuggled" {
			smuggled++
		}
		if err := web.CheckMethod(r); err != nil {
			return err
		}
		_, err := io.WriteString(w, "fine\n")
		return err
	})
	const second = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
	for _, c := range []struct {
		name   string
		pieces []string
		status string // of the only answer
	}{
		{"Content-Length with Transfer-Encoding", []string{"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + second}, "400"},
		{"the same as a GET", []string{"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + second}, "400"},
		{"two lengths", []string{"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n" + second}, "400"},
		{"a GET with a body", []string{"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 36\r\n\r\n" + second}, "400"},
		{"bare LF after the request line", []string{"GET / HTTP/1.1\nHost: x\r\n\r\n" + second}, "400"},
		{"bare LF after a header", []string{"GET / HTTP/1.1\r\nHost: x\nX: y\r\n\r\n" + second}, "400"},
		{"bare LF at the end of the head", []string{"GET / HTTP/1.1\r\nHost: x\r\n\n" + second}, "400"},
		{"bare LF in the second piece", []string{"GET / HTTP/1.1\r\nHost: x\r", "\nX: y", "\n\r\n" + second}, "400"},
		{"unknown encoding", []string{"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n" + second}, "501"},
		{"space before the colon", []string{"GET / HTTP/1.1\r\nHost: x\r\nContent-Length : 5\r\n\r\n" + second}, "400"},
		{"no Host", []string{"GET / HTTP/1.1\r\n\r\n" + second}, "400"},
		{"a CR within a header", []string{"GET / HTTP/1.1\r\nHost: x\r\nX: a\rb\r\n\r\n" + second}, "400"},
	} {
		t.Run(c.name, func(t *testing.T) {
			answer, closed := exchange(t, addr, c.pieces...)
			if !closed || !strings.HasPrefix(answer, "HTTP/1.1 "+c.status+" ") || strings.Count(answer, "HTTP/1.1 ") != 1 {
				t.Errorf("closed %v, answer %q", closed, answer)
			}
		})
	}
	if smuggled > 0 {
		t.Errorf("%d requests smuggled", smuggled)
	}
	// Two proper requests on one connection, cut where it hurts, are both answered.
	answer, closed := exchange(t, addr, "GET / HTTP/1.1\r", "\nHost: x\r\n\r", "\nHEAD / HTTP/1.1\r\nHost: x\r\n\r\nGET / HT", "TP/1.1\r\nHost: x\r\n\r\n")
	if closed || strings.Count(answer, "HTTP/1.1 200 OK") != 3 {
		t.Errorf("closed %v, answer %q", closed, answer)
	}
}

func TestHeaderLimits(t *testing.T) {
	addr := listen(t, func(w http.ResponseWriter, r *http.Request) error { return web.ServeContent(w, r, hello) })
	ask := func(n int) string {
		answer, _ := exchange(t, addr, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nRange: bytes="+strings.Repeat("0-0,", n/4)+"1-1\r\n\r\n")
		return answer[:min(len(answer), 12)]
	}
	if got := ask(16 << 10); got != "HTTP/1.1 200" { // more than 256 ranges of a small body
		t.Errorf("Range of 16 KiB: %s", got)
	}
	if got := ask(64 << 10); got != "HTTP/1.1 431" {
		t.Errorf("Range of 64 KiB: %s", got)
	}
}

// Edge, recorder and rolling deadlines leave a file's body to the kernel.
func TestFilesGoOutBySendfile(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("SKIP: strace missing")
	}
	trace := filepath.Join(t.TempDir(), "trace")
	server := startProcess(t, "127.0.0.1:0", nil)
	defer server.terminate(t)
	tracer := exec.Command(strace, "-f", "-q", "-e", "trace=sendfile", "-o", trace, "-p", strconv.Itoa(server.cmd.Process.Pid))
	if err := tracer.Start(); err != nil {
		t.Fatal(err)
	}
	attached := func() bool {
		b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", server.cmd.Process.Pid))
		return strings.Contains(string(b), fmt.Sprintf("TracerPid:\t%d\n", tracer.Process.Pid))
	}
	for i := 0; !attached(); i++ {
		if i == 500 {
			tracer.Process.Kill()
			tracer.Wait()
			t.Skip("SKIP: strace may not attach")
		}
		time.Sleep(10 * time.Millisecond)
	}
	resp, err := http.Get("http://" + server.addr + "/file")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	size, err := io.Copy(io.Discard, resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	tracer.Process.Signal(os.Interrupt)
	tracer.Wait() // ends as the signal says
	var sent int64
	for _, line := range strings.Split(read(t, trace), "\n") {
		if i := strings.LastIndex(line, "= "); i >= 0 && strings.Contains(line, "sendfile") {
			if n, err := strconv.ParseInt(line[i+2:], 10, 64); err == nil {
				sent += n
			}
		}
	}
	if sent < size-512 || size < 1<<20 { // net/http sends the first 512 bytes with the header
		t.Errorf("%d of %d bytes by sendfile", sent, size)
	}
}

func TestFileThatShrinksClosesTheConnection(t *testing.T) {
	short := onDisk(t, inMemory(1000))
	short.Size = 2000
	addr := listen(t, func(w http.ResponseWriter, r *http.Request) error { return web.ServeContent(w, r, short) })
	answer, closed := exchange(t, addr, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	if !closed || !strings.Contains(answer, "Content-Length: 2000") {
		t.Errorf("closed %v, answer %.200q", closed, answer)
	}
}

func TestHealth(t *testing.T) {
	var reason error = fmt.Errorf("index not read yet")
	ready := web.Readyz(func() error { return reason })
	if r := page(t, web.Healthz, http.Header{}); r.StatusCode != 200 || text(t, r) != "ok\n" {
		t.Error(r)
	}
	if r := page(t, ready, http.Header{}); r.StatusCode != 503 || text(t, r) != "not ready: index not read yet\n" {
		t.Error(r)
	}
	reason = nil
	if r := page(t, ready, http.Header{}); r.StatusCode != 200 || text(t, r) != "ready\n" {
		t.Error(r)
	}
}

func TestNotify(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	if err := web.Notify(web.Ready); err != nil {
		t.Error(err)
	}
	for _, name := range []string{filepath.Join(t.TempDir(), "notify"), fmt.Sprintf("@web-test-%d", os.Getpid())} {
		c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		t.Setenv("NOTIFY_SOCKET", name)
		if err := web.Notify(web.Reloading()...); err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 1000)
		n, err := c.Read(b)
		var usec int64
		if _, e := fmt.Sscanf(string(b[:n]), "RELOADING=1\nMONOTONIC_USEC=%d", &usec); e != nil || err != nil || usec <= 0 {
			t.Errorf("%q: %v %v", b[:n], e, err)
		}
	}
	t.Setenv("NOTIFY_SOCKET", "/nonexistent")
	if err := web.Notify(web.Ready); err == nil {
		t.Error("no error where systemd does not listen")
	}
	t.Setenv("WATCHDOG_USEC", "3000000")
	if d := web.WatchdogInterval(); d != 1500*time.Millisecond {
		t.Error(d)
	}
	t.Setenv("WATCHDOG_PID", "1")
	if d := web.WatchdogInterval(); d != 0 {
		t.Error(d)
	}
}

func TestTakeWithoutPredecessor(t *testing.T) {
	path := filepath.Join(t.TempDir(), "handover")
	if got, err := web.Take(path); got != nil || err != nil {
		t.Error(got, err)
	}
	// A socket whose owner was killed.
	l, err := net.ListenUnix("unixpacket", &net.UnixAddr{Name: path, Net: "unixpacket"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	if got, err := web.Take(path); got != nil || err != nil {
		t.Error(got, err)
	}
	if _, err := web.NewHandover(path, nil); err != nil {
		t.Error("a dead predecessor's socket is in the way:", err)
	}
	if st, err := os.Stat(path); err != nil || st.Mode().Perm() != 0o600 || st.Mode()&os.ModeSocket == 0 {
		t.Error(st, err)
	}
}

func TestPortTaken(t *testing.T) {
	l, err := web.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, err = web.Listen(t.Context(), l.Addr().String())
	if err == nil || !strings.Contains(err.Error(), l.Addr().String()) || !strings.Contains(err.Error(), syscall.EADDRINUSE.Error()) {
		t.Error(err)
	}
}

// A state directory may lie deeper than the address of a unix socket has room for.
func TestHandoverInADeepDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("deep/", 40))
	path := filepath.Join(dir, "handover")
	if got, err := web.Take(path); got != nil || err != nil {
		t.Error("without the directory:", got, err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	l, err := web.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	h, err := web.NewHandover(path, map[string]*web.Listener{"http": l})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- h.Run(ctx) }()
	taken, err := web.Take(path)
	if err != nil || taken["http"] == nil || taken["http"].Addr().String() != l.Addr().String() {
		t.Errorf("%v, %v", taken, err)
	}
	for _, l := range taken {
		l.Close()
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

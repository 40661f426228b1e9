package web

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mirrorctl/internal/metric"
)

// A client that takes its time gets all of it, however little the kernel wakes the writer for; one that takes
// nothing is cut, and counted.
func TestSlowClientsGoOnDeadOnesAreCut(t *testing.T) {
	normal := stall
	t.Cleanup(func() { stall = normal })
	stall = 300 * time.Millisecond

	const size = 6 << 20
	data := make([]byte, size)
	for i := range data {
		data[i] = byte(i >> 8)
	}
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	set := metric.New("", "")
	edge := NewEdge(set, slog.New(slog.DiscardHandler), nil, nil)
	bodies := map[string]Content{
		"/memory": {Name: "x", Bytes: data},
		"/file":   {Name: "x", Size: size, Open: func() (io.ReadSeekCloser, error) { return os.Open(name) }},
		"/dead":   {Name: "x", Bytes: make([]byte, 64<<20)},
	}
	s := &Server{Settle: time.Millisecond, Handler: edge.Wrap(func(w http.ResponseWriter, r *http.Request) error {
		return ServeContent(w, r, bodies[r.URL.Path])
	})}
	l, err := Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go s.Serve(l)
	t.Cleanup(func() { // after the parallel tests
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		s.Drain(ctx)
	})
	ask := func(t *testing.T, path string) net.Conn {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		c.(*net.TCPConn).SetReadBuffer(32 << 10)
		io.WriteString(c, "GET "+path+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		return c
	}
	for _, path := range []string{"/memory", "/file"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			c := ask(t, path)
			defer c.Close()
			var got strings.Builder
			for { // about 1.3 MB/s: a third of a full send buffer takes longer than a stall
				if _, err := io.CopyN(&got, c, 64<<10); err == io.EOF {
					break
				} else if err != nil {
					t.Fatalf("cut after %d bytes: %v", got.Len(), err)
				}
				time.Sleep(50 * time.Millisecond)
			}
			_, body, _ := strings.Cut(got.String(), "\r\n\r\n")
			if body != string(data) {
				t.Errorf("%d bytes arrived, or others than were sent", len(body))
			}
		})
	}
	t.Run("dead", func(t *testing.T) {
		t.Parallel()
		c := ask(t, "/dead")
		defer c.Close()
		for end := time.Now().Add(5 * time.Second); set.Counter(metric.HTTPErrors, "slow").Value() == 0; {
			if time.Now().After(end) {
				t.Fatal("a client that reads nothing was not cut")
			}
			time.Sleep(10 * time.Millisecond)
		}
	})
}

package web_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// load is 16 clients that never repeat a request: half keep their connection until told to close, half
// make a new one each time. Whatever fails is lost.
type load struct {
	addr       string
	stop       atomic.Bool
	done       sync.WaitGroup
	sent, lost atomic.Int64
	mu         sync.Mutex
	first      error
}

func startLoad(addr string) *load {
	l := &load{addr: addr}
	for i := range 16 {
		l.done.Go(func() { l.client(i%2 == 0) })
	}
	return l
}

func (l *load) client(keep bool) {
	var conn net.Conn
	var in *bufio.Reader
	for n := 0; !l.stop.Load(); n++ {
		time.Sleep(time.Millisecond)
		err := func() (err error) {
			if conn == nil {
				if conn, err = net.DialTimeout("tcp", l.addr, 5*time.Second); err != nil {
					return err
				}
				in = bufio.NewReader(conn)
			}
			path := "/"
			if n%50 == 49 {
				path = "/slow"
			}
			conn.SetDeadline(time.Now().Add(10 * time.Second))
			if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path); err != nil {
				return err
			}
			resp, err := http.ReadResponse(in, nil)
			if err != nil {
				return err
			}
			body, err := io.ReadAll(resp.Body)
			if err != nil {
				return err
			}
			if resp.StatusCode != 200 || string(body) != string(hello.Bytes) {
				return fmt.Errorf("%s with %d bytes", resp.Status, len(body))
			}
			if resp.Close || !keep {
				conn.Close()
				conn = nil
			}
			return nil
		}()
		l.sent.Add(1)
		if err != nil {
			l.lost.Add(1)
			l.mu.Lock()
			l.first = errors.Join(l.first, err)
			l.mu.Unlock()
			if conn != nil {
				conn.Close()
				conn = nil
			}
		}
	}
	if conn != nil {
		conn.Close()
	}
}

func (l *load) finish(t *testing.T, atLeast int64) {
	t.Helper()
	l.stop.Store(true)
	l.done.Wait()
	t.Logf("%d requests, %d lost", l.sent.Load(), l.lost.Load())
	if l.lost.Load() > 0 {
		t.Errorf("lost requests: %.2000v", l.first)
	}
	if l.sent.Load() < atLeast {
		t.Errorf("%d requests are too few to tell anything", l.sent.Load())
	}
}

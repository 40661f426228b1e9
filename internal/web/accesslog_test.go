package web_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mirrorctl/internal/metric"
	"mirrorctl/internal/web"
)

func TestAccessLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "access.log")
	for format, want := range map[web.Format]string{
		web.Combined: `192.0.2.1 - - [`,
		web.JSON:     `"client_ip":"192.0.2.1"`,
	} {
		log, err := web.OpenAccessLog(path, format, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- log.Run(ctx) }()
		h := newEdge(t, log).Wrap(func(w http.ResponseWriter, r *http.Request) error {
			_, err := io.WriteString(w, "hello")
			return err
		})
		ask := func(target string) {
			r := fakeRequest(target)
			r.Header.Set("User-Agent", "evil\" 200\n\x01\\")
			h.ServeHTTP(nowhere{http.Header{}}, r)
		}
		ask("/before?X-Amz-Signature=secret&x=1")
		if err := os.Rename(path, path+".1"); err != nil {
			t.Fatal(err)
		}
		if err := log.Reopen(); err != nil {
			t.Fatal(err)
		}
		ask("/after?repo=x")
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		old, new := read(t, path+".1"), read(t, path)
		if !strings.Contains(old, want) || !strings.Contains(old, "/before") || strings.Contains(old, "secret") || strings.Count(old, "\n") != 1 {
			t.Errorf("%s: before: %s", format, old)
		}
		if !strings.Contains(new, "/after?repo=x") || strings.Contains(new, "/before") {
			t.Errorf("%s: after: %s", format, new)
		}
		if format == web.Combined {
			if !strings.HasSuffix(new, `"GET /after?repo=x HTTP/1.1" 200 5 "-" "evil\x22 200\x0a\x01\x5c"`+"\n") {
				t.Error(new)
			}
		} else if !strings.Contains(new, `"User-Agent":["evil\" 200\u000a\u0001\\"]`) || !strings.Contains(new, `"size":5,"status":200`) || !json.Valid([]byte(new)) {
			t.Error(new)
		}
		os.Remove(path)
	}
}

// A disk that hangs costs lines, not requests, and they are counted.
func TestAccessLogSheds(t *testing.T) {
	hang := make(chan struct{})
	log := web.NewAccessLog(writerFunc(func(b []byte) (int, error) { <-hang; return len(b), nil }), web.Combined, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- log.Run(ctx) }()
	set := metric.New("", "")
	h := web.NewEdge(set, slog.New(slog.DiscardHandler), log, nil).Wrap(func(http.ResponseWriter, *http.Request) error { return nil })
	r := fakeRequest("/" + strings.Repeat("x", 1000))
	for range 10_000 {
		h.ServeHTTP(nowhere{http.Header{}}, r)
	}
	shed := log.Shed()
	close(hang)
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if shed < 1000 || shed > 7000 {
		t.Errorf("%d of 10,000 lines of 1 kB shed; 4 MiB fit", shed)
	}
	var b bytes.Buffer
	set.WritePrometheus(&b)
	if !strings.Contains(b.String(), fmt.Sprintf("mirrorctl_access_log_lines_shed_total %d\n", shed)) {
		t.Error("the metric tells another number")
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func fakeRequest(target string) *http.Request {
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader("GET " + target + " HTTP/1.1\r\nHost: x\r\n\r\n")))
	if err != nil {
		panic(err)
	}
	r.RemoteAddr = "192.0.2.1:4711"
	return r
}

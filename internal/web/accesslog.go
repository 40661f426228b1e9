package web

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Format is how the access log is written.
type Format string

// The formats of the access log.
const (
	Combined Format = "combined" // Apache's and nginx's
	JSON     Format = "json"     // with Caddy's key names
)

const (
	flushEvery  = time.Second
	flushAt     = 64 << 10 // bytes that wake the writer before its time
	maxBuffered = 4 << 20  // bytes that wait for a disk; what comes on top is shed and counted
)

// AccessLog writes a line for each request. A request only appends to a buffer in memory: Run takes
// that to the disk, at the latest after a second. A disk that hangs costs lines, not requests.
type AccessLog struct {
	format Format
	path   string // empty: out is not ours to reopen
	log    *slog.Logger

	mu    sync.Mutex // guards buf and stamp
	buf   []byte
	stamp stamp

	out  sync.Mutex // guards file, and is held while writing
	file io.Writer

	wake chan struct{}
	shed atomic.Uint64
}

// entry is one request as the log sees it. It is used up before the request ends.
type entry struct {
	r      *http.Request
	facts  *Facts
	status int
	bytes  int64
	start  time.Time
	took   time.Duration
	agent  string
}

// NewAccessLog logs to w, which stays open. Trouble with w goes to log.
func NewAccessLog(w io.Writer, f Format, log *slog.Logger) *AccessLog {
	return &AccessLog{format: f, file: w, log: log, wake: make(chan struct{}, 1)}
}

// OpenAccessLog appends to the file at path, which is made where it is missing.
func OpenAccessLog(path string, f Format, log *slog.Logger) (*AccessLog, error) {
	l := NewAccessLog(nil, f, log)
	l.path = path
	return l, l.Reopen()
}

// Reopen opens the path anew, for a log that was renamed by logrotate. Where that fails the file in use stays.
func (l *AccessLog) Reopen() error {
	if l.path == "" {
		return nil
	}
	f, err := os.OpenFile(l.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o640)
	if err != nil {
		return fmt.Errorf("open access log: %w", err)
	}
	l.flush() // what was asked before belongs to the old file
	l.out.Lock()
	defer l.out.Unlock()
	old := l.file
	l.file = f
	if c, ok := old.(io.Closer); ok && old != nil {
		return c.Close()
	}
	return nil
}

// Shed is how many lines were dropped.
func (l *AccessLog) Shed() uint64 { return l.shed.Load() }

// add appends a line for e.
func (l *AccessLog) add(e entry) {
	l.mu.Lock()
	if len(l.buf) >= maxBuffered {
		l.mu.Unlock()
		l.shed.Add(1)
		return
	}
	if l.format == JSON {
		l.buf = appendJSON(l.buf, e)
	} else {
		l.buf = appendCombined(l.buf, e, &l.stamp)
	}
	full := len(l.buf) >= flushAt
	l.mu.Unlock()
	if full {
		select {
		case l.wake <- struct{}{}:
		default:
		}
	}
}

// Run writes the log until ctx ends, then what is left. Let it outlive the server that logs.
func (l *AccessLog) Run(ctx context.Context) error {
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			l.flush()
			l.out.Lock()
			defer l.out.Unlock()
			if c, ok := l.file.(io.Closer); ok && l.path != "" {
				return c.Close()
			}
			return nil
		case <-tick.C:
		case <-l.wake:
		}
		l.flush()
	}
}

// flush writes what waits. Requests go on filling the other buffer meanwhile.
func (l *AccessLog) flush() {
	l.out.Lock()
	defer l.out.Unlock()
	l.mu.Lock()
	lines := l.buf
	l.buf = nil
	l.mu.Unlock()
	if len(lines) == 0 {
		return
	}
	if n, err := l.file.Write(lines); err != nil {
		lost := uint64(bytes.Count(lines[n:], []byte{'\n'}))
		l.shed.Add(lost)
		l.log.Error("access log not written", "path", l.path, "lines", lost, "error", err)
	}
	l.mu.Lock()
	if l.buf == nil && cap(lines) <= 2*flushAt {
		l.buf = lines[:0]
	}
	l.mu.Unlock()
}

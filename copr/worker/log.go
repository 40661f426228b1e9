package worker

import (
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// LogName is the file of a result that holds the build's log.
const LogName = "builder-live.log.gz"

// buildLog keeps what a build says in a file, up to a limit, and shows it to the hub as it comes. The build never waits for
// the hub: who shows it reads the file.
type buildLog struct {
	mu   sync.Mutex // of file's end, size, cut
	file *os.File
	size int64
	most int64
	cut  bool

	live    io.WriteCloser
	more    chan struct{} // there is something to show
	ended   chan struct{} // closed: nothing more comes
	shown   chan struct{} // closed: all was shown, or will not be
	cancel  context.CancelFunc
	endOnce sync.Once
}

func startLog(ctx context.Context, j *job) (*buildLog, error) {
	f, err := os.Create(j.path("log"))
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	live, err := j.Dock.Log(ctx, j.task)
	if err != nil {
		cancel()
		return nil, errors.Join(err, f.Close())
	}
	l := &buildLog{file: f, most: cmp.Or(j.MaxLog, 64<<20), live: live, cancel: cancel,
		more: make(chan struct{}, 1), ended: make(chan struct{}), shown: make(chan struct{})}
	go l.show()
	return l, nil
}

// Write never fails a build for its log: what is too much, or does not fit on the disk, is left out, and a line says so.
func (l *buildLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cut {
		return len(p), nil
	}
	keep := p
	if room := l.most - l.size; int64(len(p)) > room {
		keep, l.cut = p[:room], true
	}
	n, err := l.file.WriteAt(keep, l.size)
	l.size += int64(n)
	if err != nil {
		l.cut = true
	}
	if l.cut {
		line := fmt.Appendf(nil, "\n--- the log ends here: %d bytes are kept ---\n", l.size)
		n, err := l.file.WriteAt(line, l.size)
		if err == nil {
			l.size += int64(n)
		}
	}
	select {
	case l.more <- struct{}{}:
	default:
	}
	return len(p), nil
}

func (l *buildLog) length() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.size
}

// show copies the file to the hub as it grows, a few times a second.
func (l *buildLog) show() {
	defer close(l.shown)
	var at int64
	for last := false; ; {
		n, err := io.Copy(l.live, io.NewSectionReader(l.file, at, l.length()-at))
		at += n
		if err != nil || last && at == l.length() {
			l.live.Close() // what nobody can be shown is in the result
			return
		}
		if last {
			continue
		}
		select {
		case <-l.more:
			select {
			case <-time.After(200 * time.Millisecond):
			case <-l.ended:
			}
		case <-l.ended:
			last = true
		}
	}
}

// keep ends the log and leaves it, compressed, under name. It waits a little for the hub to have seen all.
func (l *buildLog) keep(name string) (err error) {
	l.endOnce.Do(func() { close(l.ended) })
	select {
	case <-l.shown:
	case <-time.After(10 * time.Second):
	}
	l.cancel()
	<-l.shown
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	z := gzip.NewWriter(f)
	if _, err := io.Copy(z, io.NewSectionReader(l.file, 0, l.length())); err != nil {
		return err
	}
	return z.Close()
}

// abandon ends what keep did not.
func (l *buildLog) abandon() {
	l.endOnce.Do(func() { close(l.ended) })
	l.cancel()
	<-l.shown
	l.file.Close() // its directory goes
}

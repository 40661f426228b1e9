package sandbox

import (
	"archive/tar"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

// taking reads the results of one run: a tar of which nothing is believed. What it writes is not synced: that is for
// who delivers it.
type taking struct {
	Take
	stream io.ReadCloser
	to     *os.Root
	done   chan struct{}

	names []string // what has been written
	err   error
}

func (d *descriptors) take(t Take) (*taking, error) {
	set(&t.Files, 1000)
	set(&t.Size, 4<<30)
	r, err := d.reader(takeFD)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(t.To)
	if err != nil {
		return nil, err
	}
	return &taking{Take: t, stream: r.File, to: root, done: make(chan struct{})}, nil
}

// read reads until the last process that has the pipe is gone.
func (t *taking) read() {
	defer close(t.done)
	t.err = t.readAll()
	if t.err != nil {
		t.stream.Close() // who still writes is told by SIGPIPE
	}
}

func (t *taking) readAll() error {
	left := t.Size
	for r := tar.NewReader(t.stream); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			_, err = io.Copy(io.Discard, io.LimitReader(t.stream, 1<<20)) // tar's padding
			return err
		}
		if err != nil {
			return fmt.Errorf("the results are no archive: %w", err)
		}
		name := strings.TrimSuffix(strings.TrimPrefix(h.Name, "./"), "/") // a directory ends in a slash
		switch {
		case !t.mayBe(name):
			return fmt.Errorf("result %.200q: not a name for a result", name)
		case h.Typeflag != tar.TypeReg:
			return fmt.Errorf("result %s: %s, want a regular file", name, kind(h.Typeflag))
		case len(t.names) == t.Files:
			return fmt.Errorf("more than %d results", t.Files)
		case h.Size > left:
			return fmt.Errorf("result %s: over the limit of %d bytes for all", name, t.Size)
		}
		left -= h.Size
		if err := t.write(name, r); err != nil {
			return err
		}
	}
}

func (t *taking) write(name string, r io.Reader) error {
	f, err := t.to.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("result %s: there twice", name)
	}
	if err != nil {
		return err
	}
	t.names = append(t.names, name)
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Close())
}

// mayBe reports whether a result may have the name: it becomes a part of paths, URLs and command lines.
func (t *taking) mayBe(name string) bool {
	return name != "" && len(name) <= 200 && name[0] != '.' && name[0] != '-' && strings.HasSuffix(name, t.Suffix) &&
		strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+~^-") == ""
}

func kind(flag byte) string {
	switch flag {
	case tar.TypeLink:
		return "a second name of another one"
	case tar.TypeSymlink:
		return "a symbolic link"
	case tar.TypeChar, tar.TypeBlock:
		return "a device"
	case tar.TypeDir:
		return "a directory"
	case tar.TypeFifo:
		return "a fifo"
	}
	return fmt.Sprintf("a file of type %q", flag)
}

// finish adds the results to the exit of the command: all of them or none.
func (t *taking) finish(e *Exit, drop bool) {
	<-t.done
	defer t.to.Close()
	if e.Code == 0 && t.err == nil && !drop {
		e.Taken = t.names
		return
	}
	if t.err != nil && (e.Code == 0 || e.Code > 124) { // tar may have met a closed pipe
		e.Code, e.Reason = 1, cmp.Or(e.Reason, t.err.Error())
	}
	for _, name := range t.names {
		t.to.Remove(name)
	}
}

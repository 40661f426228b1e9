package dock

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"mirrorctl/copr"
	"mirrorctl/internal/durable"
)

// ErrBad is wrapped where what a builder brings is not what it says, or not what may come.
var ErrBad = errors.New("not accepted")

// errIncomplete means that files of a result have not come, or were lost with an older hub.
var errIncomplete = errors.New("files of the result are missing")

// checkName admits one path element of a closed alphabet: the names of packages and logs. It may not look like ours.
func checkName(name string) error {
	if name == "" || len(name) > 200 || name[0] == '.' || name[0] == '-' || name == resultName ||
		strings.Trim(strings.ToLower(name), "abcdefghijklmnopqrstuvwxyz0123456789-_.+~^") != "" {
		return fmt.Errorf("file name %q: want letters, digits and -_.+~^: %w", name, ErrBad)
	}
	return nil
}

// put takes one file of a result that is being delivered. It may come again: the last that is whole stays.
func (b *Builder) put(ctx context.Context, t copr.Task, want copr.File, r io.Reader) error {
	if err := checkName(want.Name); err != nil {
		return err
	}
	if want.Size < 0 || want.Size > b.dock.limits.File {
		return fmt.Errorf("file %s: %d bytes, at most %d are taken: %w", want.Name, want.Size, b.dock.limits.File, ErrBad)
	}
	if _, err := b.check(ctx, t); err != nil {
		return err
	}
	dir := b.dock.handed("upload", t)
	if err := durable.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	if err := b.room(dir, want); err != nil {
		return err
	}
	hash := sha256.New()
	err := durable.Write(filepath.Join(dir, want.Name), 0o640, func(w io.Writer) error {
		n, err := io.Copy(io.MultiWriter(w, hash), io.LimitReader(r, want.Size+1))
		if err != nil {
			return err
		}
		if sum := hex.EncodeToString(hash.Sum(nil)); n != want.Size || sum != want.SHA256 {
			return fmt.Errorf("%d bytes with sha256 %s came, not %d with %s: %w", n, sum, want.Size, want.SHA256, ErrBad)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("take %s of task %s: %w", want.Name, t.ID(), err)
	}
	return nil
}

// room refuses a file that would be one too many. Those that come at the same time are each counted by the next.
func (b *Builder) room(dir string, want copr.File) error {
	names, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	total, count := want.Size, 1
	for _, n := range names {
		st, err := n.Info()
		if err != nil || n.Name() == want.Name {
			continue // gone, or about to be replaced
		}
		total, count = total+st.Size(), count+1
	}
	if total > b.dock.limits.Total || count > b.dock.limits.Files {
		return fmt.Errorf("file %s: a result has at most %d files and %d bytes: %w",
			want.Name, b.dock.limits.Files, b.dock.limits.Total, ErrBad)
	}
	return nil
}

// complete reads every file of r back from dir and removes what is no part of it.
func complete(dir string, r copr.Result) error {
	listed := map[string]bool{}
	for _, want := range r.Files {
		if err := checkName(want.Name); err != nil {
			return err
		}
		if listed[want.Name] {
			return fmt.Errorf("file %s is listed twice: %w", want.Name, ErrBad)
		}
		listed[want.Name] = true
		f, err := os.Open(filepath.Join(dir, want.Name))
		if err != nil {
			return fmt.Errorf("%s: %w", want.Name, errIncomplete)
		}
		hash := sha256.New()
		n, err := io.Copy(hash, f)
		if err := errors.Join(err, f.Close()); err != nil {
			return fmt.Errorf("read %s back: %w", want.Name, err)
		}
		if n != want.Size || hex.EncodeToString(hash.Sum(nil)) != want.SHA256 {
			return fmt.Errorf("%s is not the file that the result lists: %w", want.Name, errIncomplete)
		}
	}
	names, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("read the result back: %w", err)
	}
	for _, n := range names {
		if !listed[n.Name()] {
			if err := os.RemoveAll(filepath.Join(dir, n.Name())); err != nil {
				return fmt.Errorf("remove %s, which the result does not list: %w", n.Name(), err)
			}
		}
	}
	return nil
}

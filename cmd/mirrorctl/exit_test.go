package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"testing"
	"time"

	"mirrorctl/archive"
	"mirrorctl/internal/site"
	"mirrorctl/mirror"
	"mirrorctl/repomd"
)

// Every kind of error has its documented code, however deeply it is wrapped.
func TestExitCodes(t *testing.T) {
	r := mirror.Release{Product: "el", Version: "5"}
	for _, c := range []struct {
		name string
		err  error
		code int
		line string
	}{
		{"done", nil, 0, ""},
		{"failed", errors.New("disk on fire"), 1, "mirrorctl: disk on fire\n"},
		{"usage", usagef("want more"), 2, "mirrorctl: want more\n"},
		{"nested trees", &archive.PreflightError{What: "root and store", Err: archive.ErrNested}, 2, "mirrorctl: root and store: nested\n"},
		{"differs, said already", errDiffers, 3, ""},
		{"differs, and closing failed", errors.Join(errDiffers, errors.New("close: no")), 3, "mirrorctl: something differs; close: no\n"},
		{"checksum", &repomd.ChecksumError{}, 3, "-"},
		{"unknown release", fmt.Errorf("release %s: %w", r, site.ErrUnknownRelease), 4, "mirrorctl: release el-5: unknown release; see `mirrorctl releases list`\n"},
		{"no job", archive.ErrNoJob, 4, "mirrorctl: no such job\n"},
		{"no file", &fs.PathError{Op: "open", Path: "/x", Err: fs.ErrNotExist}, 4, "mirrorctl: open /x: file does not exist\n"},
		{"unconfirmed", errUnconfirmed, 5, "mirrorctl: not confirmed\n"},
		{"not end-of-life", archive.ErrNotEOL, 5, "-"},
		{"locked", &archive.LockedError{Release: r, PID: 7, Since: time.Unix(0, 0).UTC()}, 6,
			"mirrorctl: release el-5: another run, pid 7, holds the lock since 1970-01-01T00:00:00Z; wait for it or end it\n"},
		{"store disagrees", archive.ErrUnverified, 1, "-"},
		{"lines", errors.New("one\n  two"), 1, "mirrorctl: one; two\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, err := range []error{c.err, wrap(c.err)} {
				var out bytes.Buffer
				a := &app{env: &env{stderr: &out}}
				if code := a.exit(t.Context(), err); code != c.code {
					t.Errorf("%v: exit code %d, want %d", err, code, c.code)
				}
				if err == c.err && c.line != "-" && out.String() != c.line {
					t.Errorf("got %q, want %q", out.String(), c.line)
				}
			}
		})
	}
}

func wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("while testing: %w", err)
}

func TestSignalExitCodes(t *testing.T) {
	for _, c := range []struct {
		name   string
		signal syscall.Signal
		err    error
		code   int
		line   string
	}{
		{"Ctrl-C in a job", syscall.SIGINT, hinted{fmt.Errorf("job x stopped: %w", context.Canceled), "`again` continues it"}, 130, "mirrorctl: SIGINT: job x stopped; `again` continues it\n"},
		{"nothing more to say", syscall.SIGTERM, context.Canceled, 143, "mirrorctl: SIGTERM\n"},
		{"an error of its own", syscall.SIGINT, errors.New("disk on fire"), 1, "mirrorctl: disk on fire\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			cancel(signalError{c.signal})
			var out bytes.Buffer
			a := &app{env: &env{stderr: &out}}
			if code := a.exit(ctx, c.err); code != c.code || out.String() != c.line {
				t.Errorf("exit code %d, %q; want %d, %q", code, out.String(), c.code, c.line)
			}
		})
	}
}

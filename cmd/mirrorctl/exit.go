package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"mirrorctl/archive"
	"mirrorctl/internal/forge"
	"mirrorctl/internal/site"
	"mirrorctl/mirror"
	"mirrorctl/repomd"
)

// The exit codes, as documented.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitDiffers     = 3
	exitNotFound    = 4
	exitUnconfirmed = 5
	exitLocked      = 6
	exitSignal      = 128
)

// exitCodes is their documentation, for the manual.
var exitCodes = []struct{ code, meaning, when string }{
	{"0", "done", "What was asked for is done, or was done before."},
	{"1", "failed", "The message says what, where, and what to do next. Nothing was deleted that is not held elsewhere; a job can be continued."},
	{"2", "usage or configuration", "A flag, an argument or the configuration is wrong, or a directory that it names is not there. Nothing was done."},
	{"3", "finished, but something differs", "verify found a file that contradicts its checksum, status a repository that is not whole or a job that is stuck, archive --dry-run a problem that would stop the job."},
	{"4", "not found", "There is no such release, job or repository; no such project, package, chroot or build."},
	{"5", "refused, needs confirmation", "A step that asks was not agreed to, or had no terminal to ask on and no --yes; or the release is not end-of-life and --force was not given."},
	{"6", "another run holds the lock", "The message names its pid and since when it runs."},
	{"128+n", "ended by signal n", "130 after Ctrl-C, 143 after SIGTERM. A job that was interrupted can be continued; the message has the command."},
}

// signalError is why a command was ended from outside.
type signalError struct{ signal syscall.Signal }

func (s signalError) Error() string { return s.signal.String() }

// Is makes a cause of a cancelled context as good as the cancellation: some packages return the one, some the other.
func (signalError) Is(target error) bool { return target == context.Canceled }

// hinted is an error with what to try next.
type hinted struct {
	error
	hint string
}

func (h hinted) Unwrap() error { return h.error }

// verdict is the one table from errors to exit codes and to what to try next.
func verdict(ctx context.Context, err error) (code int, hint string) {
	var (
		usage  usageError
		hinted hinted
		locked *archive.LockedError
		sum    *repomd.ChecksumError
		sig    signalError

		unknown     unknownError
		declaration *forge.DeclarationError
	)
	errors.As(err, &hinted)
	switch {
	case err == nil:
		return exitDone, ""
	case errors.As(context.Cause(ctx), &sig) && errors.Is(err, context.Canceled):
		return exitSignal + int(sig.signal), hinted.hint
	case errors.As(err, &usage), errors.As(err, &declaration), errors.Is(err, archive.ErrNested):
		return exitUsage, hinted.hint
	case errors.Is(err, errDiffers), errors.As(err, &sum):
		return exitDiffers, hinted.hint
	case errors.Is(err, site.ErrUnknownRelease), errors.Is(err, mirror.ErrUnknownTree):
		return exitNotFound, "see `mirrorctl releases list`"
	case errors.Is(err, archive.ErrNoJob), errors.Is(err, errNoRepository), errors.As(err, &unknown), hinted.hint == "" && errors.Is(err, fs.ErrNotExist):
		return exitNotFound, hinted.hint
	case errors.Is(err, errUnconfirmed), errors.Is(err, archive.ErrNotEOL):
		return exitUnconfirmed, hinted.hint
	case errors.As(err, &locked):
		return exitLocked, hinted.hint
	}
	return exitFailed, hinted.hint
}

// exit reports err, on one line, and returns the exit code.
func (a *app) exit(ctx context.Context, err error) int {
	code, hint := verdict(ctx, err)
	if err == nil || err.Error() == errDiffers.Error() { // the command has said what differs
		return code
	}
	text := strings.Join(strings.Fields(strings.ReplaceAll(err.Error(), "\n", "; ")), " ")
	if code > exitSignal { // "context canceled" tells a person nothing
		text = strings.TrimSuffix(strings.TrimSuffix(text, context.Canceled.Error()), ": ")
		text = strings.TrimSuffix(unix.SignalName(syscall.Signal(code-exitSignal))+": "+text, ": ")
	}
	if a.out.format == "json" {
		json.NewEncoder(a.stderr).Encode(struct {
			Error string `json:"error"`
			Hint  string `json:"hint,omitempty"`
			Code  int    `json:"code"`
		}{text, hint, code})
		return code
	}
	if hint != "" {
		text += "; " + hint
	}
	fmt.Fprintln(a.stderr, "mirrorctl: "+text)
	return code
}

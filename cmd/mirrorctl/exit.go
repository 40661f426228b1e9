package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"syscall"

	"mirrorctl/archive"
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
var exitCodes = []struct{ code, meaning string }{
	{"0", "done"},
	{"1", "failed"},
	{"2", "usage or configuration"},
	{"3", "finished, but something differs"},
	{"4", "not found"},
	{"5", "refused, needs confirmation"},
	{"6", "another run holds the lock"},
	{"128+n", "ended by signal n"},
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
	)
	errors.As(err, &hinted)
	switch {
	case err == nil:
		return exitDone, ""
	case errors.As(context.Cause(ctx), &sig) && errors.Is(err, context.Canceled):
		return exitSignal + int(sig.signal), hinted.hint
	case errors.As(err, &usage), strings.HasPrefix(err.Error(), "unknown command"):
		return exitUsage, hinted.hint
	case errors.Is(err, errDiffers), errors.As(err, &sum):
		return exitDiffers, hinted.hint
	case errors.Is(err, site.ErrUnknownRelease), errors.Is(err, mirror.ErrUnknownTree):
		return exitNotFound, "see `mirrorctl releases list`"
	case errors.Is(err, archive.ErrNoJob), hinted.hint == "" && errors.Is(err, fs.ErrNotExist):
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
	if err == nil || err == errDiffers { // the command has said what differs
		return code
	}
	text := strings.Join(strings.Fields(strings.ReplaceAll(err.Error(), "\n", "; ")), " ")
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

// quote is a word as a shell reads it back.
func quote(s string) string {
	if strings.ContainsAny(s, " \t'\"$`\\") {
		return strconv.Quote(s)
	}
	return s
}

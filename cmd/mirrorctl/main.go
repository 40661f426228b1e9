// Command mirrorctl runs an RPM mirror: it serves the active release trees, moves
// end-of-life ones to an archive, and answers clients about both.
//
// This package holds flags, configuration and wiring, one file per command. It
// decides nothing: what an error means for the exit code stands in exit.go, and
// everything else in the packages below.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/term"
)

// env is what a command may touch of the process: tests run commands in process with their own.
type env struct {
	args           []string
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
	terminal       bool // stdin and stderr are a terminal: questions and progress bars make sense
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, &env{
		args:     os.Args[1:],
		stdin:    os.Stdin,
		stdout:   os.Stdout,
		stderr:   os.Stderr,
		getenv:   os.Getenv,
		terminal: term.IsTerminal(int(os.Stdin.Fd())) && term.IsTerminal(int(os.Stderr.Fd())),
	})
	stop()
	os.Exit(code)
}

// run executes one command line and returns its exit code.
func run(ctx context.Context, e *env) int {
	root := newRoot(e)
	root.SetArgs(e.args)
	err := root.ExecuteContext(ctx)
	return e.exit(ctx, err)
}

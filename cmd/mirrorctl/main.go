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
	screen         bool // stdout is a terminal: it can be cleared
}

func main() {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		sig := <-signals
		signal.Stop(signals) // the second one ends us at once
		cancel(signalError{sig.(syscall.Signal)})
	}()
	os.Exit(run(ctx, &env{
		args:     os.Args[1:],
		stdin:    os.Stdin,
		stdout:   os.Stdout,
		stderr:   os.Stderr,
		getenv:   os.Getenv,
		terminal: term.IsTerminal(int(os.Stdin.Fd())) && term.IsTerminal(int(os.Stderr.Fd())),
		screen:   term.IsTerminal(int(os.Stdout.Fd())),
	}))
}

// run executes one command line and returns its exit code.
func run(ctx context.Context, e *env) int {
	a := &app{env: e}
	root := a.root()
	root.SetArgs(e.args)
	return a.exit(ctx, root.ExecuteContext(ctx))
}

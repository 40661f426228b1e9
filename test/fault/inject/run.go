//go:build linux && (amd64 || arm64)

package inject

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Injector says which calls count and what is done to them.
type Injector struct {
	Under  []string // existing directories: calls that name a file in one of them count
	Reads  bool     // count calls that only read, too
	Decide Decide   // nil lets every call run
	// Symbols of the command fill Call.Stack. Optional: they cost some 50 µs a call.
	Symbols *Symbols
}

// Outcome is what became of a run.
type Outcome struct {
	Calls  []Call        // every counted call, in the order in which the verdicts were made
	Struck []Call        // those that were not simply let run
	Exit   int           // the command's exit code; -1 where a signal ended it
	Killed bool          // SIGKILL ended it: by a verdict or by the context
	Took   time.Duration // from start to end
}

// Run starts cmd, which must not be started, and waits for its end. An exit code or a
// death is no error: errors are failures of the rig itself, of a Hold, and the
// context's end, at which the command and its children are killed.
func (in Injector) Run(ctx context.Context, cmd *exec.Cmd) (Outcome, error) {
	under, err := spellings(in.Under)
	if err != nil {
		return Outcome{}, err
	}
	start := time.Now()
	listener, err := in.start(cmd)
	if err != nil {
		return Outcome{}, err
	}
	defer unix.Close(listener)
	// The launcher leads a process group, so that children of the command die with it.
	kill := func() { _ = unix.Kill(-cmd.Process.Pid, unix.SIGKILL) }
	stop := context.AfterFunc(ctx, kill)
	defer stop()

	s := supervisor{listener: listener, under: under, decide: in.Decide, symbols: in.Symbols, kill: kill, table: map[uint32]row{}}
	for _, r := range rows(in.Reads) {
		s.table[r.nr] = r
	}
	ended := make(chan error, 1)
	go func() { ended <- s.serve() }()
	waited := cmd.Wait()
	kill()
	err = <-ended

	out := Outcome{Calls: s.calls, Struck: s.struck, Took: time.Since(start)}
	if cmd.ProcessState != nil {
		out.Exit = cmd.ProcessState.ExitCode()
		status, _ := cmd.ProcessState.Sys().(syscall.WaitStatus)
		out.Killed = status.Signaled() && status.Signal() == syscall.SIGKILL
	}
	if exit := (*exec.ExitError)(nil); errors.As(waited, &exit) {
		waited = nil
	}
	return out, errors.Join(err, waited, ctx.Err())
}

// start starts cmd behind a launcher and returns the listener of its filter.
func (in Injector) start(cmd *exec.Cmd) (listener int, err error) {
	if cmd.Err != nil {
		return -1, cmd.Err
	}
	self, err := os.Executable()
	if err != nil {
		return -1, err
	}
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("make a socket for the launcher: %w", err)
	}
	defer unix.Close(pair[0])
	theirs := os.NewFile(uintptr(pair[1]), "launcher")
	defer theirs.Close()

	if cmd.Env == nil {
		cmd.Env = os.Environ()
	}
	fd := 3 + len(cmd.ExtraFiles)
	cmd.ExtraFiles = append(cmd.ExtraFiles, theirs)
	cmd.Env = append(cmd.Env, launchEnv+"="+strconv.Itoa(fd)+","+strconv.FormatBool(in.Reads))
	cmd.Args = append([]string{self, cmd.Path}, cmd.Args...)
	cmd.Path = self
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
	if cmd.WaitDelay == 0 {
		cmd.WaitDelay = 5 * time.Second
	}
	if err := cmd.Start(); err != nil {
		return -1, err
	}
	theirs.Close() // so that the launcher's end, if it comes early, is seen here
	if listener, err = receive(pair[0]); err != nil {
		_ = cmd.Wait()
		return -1, err
	}
	return listener, nil
}

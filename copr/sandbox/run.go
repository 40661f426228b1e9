package sandbox

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"time"
)

// Run runs c and returns when every process of it is gone. The error is for a sandbox that could not be made, or ctx; a command
// that failed is no error, and neither is one that a limit ended.
func Run(ctx context.Context, c Command) (exit Exit, err error) {
	if len(c.Args) == 0 {
		return Exit{}, errors.New("run in the sandbox: no command")
	}
	c.Limits = c.Limits.withDefaults()
	// bubblewrap is to be killed when its parent dies, and for the kernel that is the thread which started it: that thread
	// must live as long as the command.
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		exit, err = run(ctx, c)
	}()
	<-done
	return exit, err
}

func run(ctx context.Context, c Command) (Exit, error) {
	r := &running{Command: c, log: &cut{w: c.Output, left: c.Limits.Output, limit: c.Limits.Output}}
	defer r.fds.close()
	if err := r.start(ctx); err != nil {
		r.end()
		r.fds.close()
		if r.took != nil {
			r.took.finish(&Exit{}, true)
		}
		if ctx.Err() != nil {
			return Exit{}, ctx.Err()
		}
		return Exit{}, fmt.Errorf("make the sandbox: %w", err)
	}
	return r.wait(ctx)
}

// running is one run of a command.
type running struct {
	Command
	fds   descriptors
	log   *cut
	cmd   *exec.Cmd
	init  *process // the first process of the sandbox: when it is gone, so are all
	group *group
	took  *taking
	began time.Time
}

// start makes the sandbox, sets its limits, and then gives the word.
func (r *running) start(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	bwrap, err := exec.LookPath("bwrap")
	if err != nil {
		return fmt.Errorf("%w: install the package bubblewrap", err)
	}
	word, ready, status, err := r.pipes()
	if err != nil {
		return err
	}
	args, err := arguments(r.Command, &r.fds, status.fd)
	if err != nil {
		return err
	}
	if err := keepFromChildren(); err != nil {
		return err
	}
	r.cmd = exec.Command(bwrap, args...)
	r.cmd.Env = []string{"PATH=/usr/bin:/bin"} // bubblewrap's; the command's is among the arguments
	r.cmd.Dir = "/"
	r.cmd.Stdout, r.cmd.Stderr = r.log, r.log
	r.cmd.ExtraFiles = r.fds.passed
	r.cmd.SysProcAttr = identity()
	r.began = time.Now()
	if err := r.cmd.Start(); err != nil {
		r.cmd = nil
		return err
	}
	r.fds.closePassed()
	var first struct {
		PID int `json:"child-pid"`
	}
	if err := json.NewDecoder(io.LimitReader(status, 4096)).Decode(&first); err != nil || first.PID <= 1 {
		return r.failed()
	}
	if r.init, err = hold(first.PID); err != nil {
		return r.failed()
	}
	stop := context.AfterFunc(ctx, r.init.kill)
	defer stop()
	if _, err := bufio.NewReader(io.LimitReader(ready, 16)).ReadString('\n'); err != nil {
		return r.failed()
	}
	if r.group, err = confine(r.init.pid, r.cmd.SysProcAttr.Credential, r.Limits); err != nil {
		return err
	}
	_, err = word.WriteString("start\n")
	return errors.Join(err, word.Close())
}

// pipes makes those whose numbers the script in the sandbox knows, first.
func (r *running) pipes() (word, ready, status end, err error) {
	if word, err = r.fds.writer(startFD); err != nil {
		return
	}
	if ready, err = r.fds.reader(readyFD); err != nil {
		return
	}
	if r.Take != nil {
		if r.took, err = r.fds.take(*r.Take); err != nil {
			return
		}
		go r.took.read()
	}
	status, err = r.fds.reader(0)
	return
}

// failed is bubblewrap's own error, which it wrote before it ended.
func (r *running) failed() error {
	r.end()
	return fmt.Errorf("bubblewrap: %s", r.log.lastLine())
}

// end ends every process and waits for them. It may be called again.
func (r *running) end() {
	if r.init != nil {
		r.init.kill()
		r.init.wait()
		r.init.close()
		r.init = nil
	}
	if r.cmd != nil && r.cmd.ProcessState == nil {
		// Its child is gone: it has nothing left to wait for.
		late := time.AfterFunc(10*time.Second, func() { r.cmd.Process.Kill() })
		r.cmd.Wait()
		late.Stop()
	}
	r.group.remove()
	r.group = nil
}

// wait waits for the end of the command, or puts an end to it.
func (r *running) wait(ctx context.Context) (Exit, error) {
	stop := context.AfterFunc(ctx, r.init.kill)
	defer stop()
	gone := make(chan struct{})
	go func() { r.init.wait(); close(gone) }()
	reason := ""
	select {
	case <-gone:
	case <-time.After(time.Until(r.began.Add(r.Limits.Wall))):
		reason = fmt.Sprintf("it ran into the time limit of %s", r.Limits.Wall)
		r.init.kill()
		<-gone
	}
	starved := r.group.killed()
	r.end()

	exit := Exit{Code: r.cmd.ProcessState.ExitCode(), Reason: reason, Took: time.Since(r.began)}
	if exit.Code <= 0 && (reason != "" || exit.Code < 0) {
		exit.Code = killed
	}
	if reason == "" && exit.Code != 0 && starved {
		exit.Reason = fmt.Sprintf("it ran into the memory limit of %d MiB", r.Limits.Memory>>20)
	}
	if r.took != nil {
		r.took.finish(&exit, ctx.Err() != nil)
	}
	if err := ctx.Err(); err != nil {
		return Exit{}, err
	}
	return exit, nil
}

const killed = 128 + 9 // as a shell reports SIGKILL

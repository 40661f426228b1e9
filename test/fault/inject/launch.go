//go:build linux && (amd64 || arm64)

package inject

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// launchEnv makes a process a launcher. Its value is "descriptor of the socket,reads".
const launchEnv = "FAULT_INJECT_LAUNCH"

// Launched turns this process into the command that Run was asked for, if Run started
// it as a launcher, and does not return; otherwise it does nothing. Call it before
// anything else in main or TestMain.
func Launched() {
	value, ok := os.LookupEnv(launchEnv)
	if !ok {
		return
	}
	fd, reads, _ := strings.Cut(value, ",")
	sock, err := strconv.Atoi(fd)
	if err == nil {
		err = launch(sock, reads == "true")
	}
	fmt.Fprintln(os.Stderr, "launcher:", err)
	// Where the supervisor still waits for a listener, it gets the reason instead.
	_ = unix.Sendmsg(sock, []byte(err.Error()), nil, nil, 0)
	os.Exit(125)
}

// launch filters this thread, gives the listener away and executes os.Args[1:]:
// the path, then argv. The other threads of the Go runtime end with the exec.
func launch(sock int, reads bool) error {
	runtime.LockOSThread()
	unix.CloseOnExec(sock)
	env := slices.DeleteFunc(os.Environ(), func(kv string) bool { return strings.HasPrefix(kv, launchEnv+"=") })
	prog := program(rows(reads))
	listener, err := install(prog)
	if err != nil {
		return fmt.Errorf("install seccomp filter: %w", err)
	}
	// From here to the exec no call of the table may be made: nobody listens yet.
	if err := unix.Sendmsg(sock, []byte{0}, unix.UnixRights(listener), nil, 0); err != nil {
		return fmt.Errorf("send seccomp listener: %w", err)
	}
	return fmt.Errorf("execute %s: %w", os.Args[1], syscall.Exec(os.Args[1], os.Args[2:], env))
}

// receive waits for the launcher's listener.
func receive(sock int) (listener int, err error) {
	text, oob := make([]byte, 1024), make([]byte, unix.CmsgSpace(4))
	n, oobn, _, _, err := unix.Recvmsg(sock, text, oob, unix.MSG_CMSG_CLOEXEC)
	if err != nil {
		return -1, err
	}
	messages, err := unix.ParseSocketControlMessage(oob[:oobn])
	if err != nil {
		return -1, err
	}
	for _, m := range messages {
		if fds, err := unix.ParseUnixRights(&m); err == nil && len(fds) == 1 {
			return fds[0], nil
		}
	}
	if n == 0 {
		return -1, fmt.Errorf("launcher ended without a word: does main or TestMain call inject.Launched?")
	}
	return -1, fmt.Errorf("launcher: %s", text[:n])
}

package coprtest

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// Canary stands outside of a sandbox, for all to reach who get out: files that everybody may read and write, services on TCP,
// UDP and unix sockets, a process. Check says which of them sings.
type Canary struct {
	Token string // what nobody inside may learn
	Mark  string // an argument of every process that an attack leaves behind
	Dir   string // 0777
	Port  int    // of TCP and UDP, on the loopback

	socket  string
	calls   atomic.Int64
	process *exec.Cmd
	host    string
	tried   map[string]bool // files that an attack may make, and that were there before
}

// NewCanary puts one up until the test ends.
func NewCanary(t testing.TB) *Canary {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	now := time.Now().UnixNano()
	c := &Canary{Token: fmt.Sprintf("secret-%x", now), Mark: strconv.FormatInt(1e8+now%1e9, 10), socket: fmt.Sprintf("mirrorctl-canary-%x", now)}
	var err error
	// Not t.TempDir: all of its parents must be open to everybody.
	c.Dir, err = os.MkdirTemp("/tmp", "canary-")
	must(err)
	t.Cleanup(func() { os.RemoveAll(c.Dir) })
	must(os.Chmod(c.Dir, 0o777))
	must(os.WriteFile(c.Dir+"/secret", []byte(c.Token+"\n"), 0o666))
	must(os.Chmod(c.Dir+"/secret", 0o666))
	name := "MIRRORCTL_CANARY_" + c.Mark // of its own: canaries stand side by side
	must(os.Setenv(name, c.Token))
	t.Cleanup(func() { os.Unsetenv(name) })

	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	c.Port = tcp.Addr().(*net.TCPAddr).Port
	udp, err := net.ListenPacket("udp", fmt.Sprintf("127.0.0.1:%d", c.Port))
	must(err)
	abstract, err := net.Listen("unix", "@"+c.socket)
	must(err)
	named, err := net.Listen("unix", c.Dir+"/socket")
	must(err)
	must(os.Chmod(c.Dir+"/socket", 0o777))
	for _, l := range []net.Listener{tcp, abstract, named} {
		go c.accept(l)
		t.Cleanup(func() { l.Close() })
	}
	go func() {
		for buffer := make([]byte, 512); ; {
			if _, _, err := udp.ReadFrom(buffer); err != nil {
				return
			}
			c.calls.Add(1)
		}
	}()
	t.Cleanup(func() { udp.Close() })

	c.process = exec.Command("sleep", "3600")
	must(c.process.Start())
	t.Cleanup(func() { c.process.Process.Kill(); c.process.Wait() })
	c.host, err = os.Hostname()
	must(err)
	c.tried = c.left()
	return c
}

func (c *Canary) accept(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		c.calls.Add(1)
		conn.Close()
	}
}

// Macros tell an attack where the canary is.
func (c *Canary) Macros() map[string]string {
	return map[string]string{
		"canary_dir": c.Dir, "canary_port": strconv.Itoa(c.Port), "canary_socket": c.socket, "canary_mark": c.Mark,
		"canary_pid": strconv.Itoa(c.process.Process.Pid),
	}
}

// Check returns what an attack achieved outside; output is all that came out of it.
func (c *Canary) Check(t testing.TB, output []byte) (effects []string) {
	t.Helper()
	sings := func(format string, args ...any) { effects = append(effects, fmt.Sprintf(format, args...)) }
	if bytes.Contains(output, []byte(c.Token)) {
		sings("the secret came out")
	}
	for line := range bytes.Lines(output) {
		if bytes.HasPrefix(line, []byte("attack: WON")) {
			sings("%s", bytes.TrimSpace(line))
		}
	}
	if n := c.calls.Swap(0); n > 0 {
		sings("%d calls of the host's services", n)
	}
	if data, err := os.ReadFile(c.Dir + "/secret"); err != nil || string(data) != c.Token+"\n" {
		sings("the secret is %q, %v", data, err)
	}
	entries, err := os.ReadDir(c.Dir)
	if err != nil || len(entries) != 2 {
		sings("the directory holds %v, %v", entries, err)
	}
	if err := c.process.Process.Signal(syscall.Signal(0)); err != nil {
		sings("the host's process: %v", err)
	}
	if stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", c.process.Process.Pid)); err != nil || strings.Contains(string(stat), ") Z ") {
		sings("the host's process died: %s, %v", stat, err)
	}
	for _, left := range Running(t, c.Mark) {
		sings("still running: %s", left)
	}
	for name := range c.left() {
		if !c.tried[name] {
			sings("there is %s", name)
		}
	}
	if host, err := os.Hostname(); err != nil || host != c.host {
		sings("the host is called %q, %v", host, err)
	}
	return effects
}

// left lists the files that attacks try to make.
func (c *Canary) left() map[string]bool {
	found := map[string]bool{}
	for _, dir := range []string{"/", "/etc", "/usr", "/usr/bin", "/usr/local/bin", "/lib", "/boot", "/root", "/home", "/var", "/var/lib", "/run",
		"/dev", "/etc/cron.d", "/etc/ld.so.conf.d", "/var/spool/cron", "/tmp", "/var/tmp", "/dev/shm", "."} {
		for _, pattern := range []string{"mirrorctl-attack*", "pwned*", "bomb"} {
			names, _ := filepath.Glob(filepath.Join(dir, pattern)) // the pattern is good
			for _, name := range names {
				found[name] = true
			}
		}
	}
	return found
}

// Running lists the processes that have the mark as an argument.
func Running(t testing.TB, mark string) (lines []string) {
	t.Helper()
	names, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		line, _ := os.ReadFile(name) // it may have ended by now
		if bytes.Contains(line, []byte(mark)) && !strings.HasPrefix(name, fmt.Sprintf("/proc/%d/", os.Getpid())) {
			lines = append(lines, string(bytes.ReplaceAll(line, []byte{0}, []byte(" "))))
		}
	}
	return lines
}

package main

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"
)

// processes are what a script has started, by name.
type processes map[string]*process

type process struct {
	cmd  *exec.Cmd
	done chan error
}

// start NAME command... runs a command beside the script. It writes NAME.out and NAME.err, and is
// killed when the script ends before it.
func start(ts *testscript.TestScript, _ bool, args []string) {
	name := args[0]
	bin, err := lookPath(ts, args[1])
	ts.Check(err)
	p := &process{cmd: exec.Command(bin, args[2:]...), done: make(chan error, 1)}
	p.cmd.Args[0] = args[1]
	p.cmd.Dir, p.cmd.Env = ts.MkAbs("."), environ(ts)
	out, err := os.Create(ts.MkAbs(name + ".out"))
	ts.Check(err)
	defer out.Close()
	errs, err := os.Create(ts.MkAbs(name + ".err"))
	ts.Check(err)
	defer errs.Close()
	p.cmd.Stdout, p.cmd.Stderr = out, errs
	ts.Check(p.cmd.Start())
	go func() { p.done <- p.cmd.Wait() }()
	ts.Value("processes").(processes)[name] = p
	ts.Defer(func() {
		p.cmd.Process.Kill() // an error says that it has ended
		<-p.done
	})
}

// ends NAME SIGNAL CODE sends a signal (- for none) and waits for the process to end with that code.
func ends(ts *testscript.TestScript, _ bool, args []string) {
	p := ts.Value("processes").(processes)[args[0]]
	if p == nil {
		ts.Fatalf("nothing was started as %q", args[0])
	}
	if args[1] != "-" {
		ts.Check(p.cmd.Process.Signal(unix.SignalNum("SIG" + args[1])))
	}
	select {
	case err := <-p.done:
		p.done <- err
	case <-time.After(60 * time.Second):
		ts.Fatalf("%s did not end", args[0])
	}
	if got, want := p.cmd.ProcessState.ExitCode(), args[2]; strconv.Itoa(got) != want {
		ts.Fatalf("%s: exit code %d, want %s\n%s", args[0], got, want, ts.ReadFile(args[0]+".err"))
	}
}

// serve NAME starts the service on free ports, waits until it is ready, and sets $URL and $ADDR.
func serve(ts *testscript.TestScript, _ bool, args []string) {
	addr, admin := freeAddr(ts), freeAddr(ts)
	url := "http://" + addr + "/"
	start(ts, false, []string{one(ts, args), "mirrorctl", "serve", "--listen", addr, "--admin-listen", admin, "--public-url", url})
	ts.Setenv("ADDR", addr)
	ts.Setenv("URL", url)
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if res, err := http.Get(url + "readyz"); err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
		if time.Now().After(end) {
			ts.Fatalf("the service is not ready\n%s", ts.ReadFile(args[0]+".err"))
		}
	}
}

func freeAddr(ts *testscript.TestScript) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	defer l.Close()
	return l.Addr().String()
}

// lookPath finds a program by the script's PATH.
func lookPath(ts *testscript.TestScript, name string) (string, error) {
	for _, dir := range filepath.SplitList(ts.Getenv("PATH")) {
		if st, err := os.Stat(filepath.Join(dir, name)); err == nil && st.Mode()&0o111 != 0 {
			return filepath.Join(dir, name), nil
		}
	}
	return exec.LookPath(name)
}

func environ(ts *testscript.TestScript) []string {
	var env []string
	for _, key := range []string{"PATH", "HOME", "TMPDIR", "TZ", "MIRRORCTL_CONFIG"} {
		env = append(env, key+"="+ts.Getenv(key))
	}
	return env
}

package hub_test

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"mirrorctl/copr"
	"mirrorctl/copr/coprtest"
	"mirrorctl/test/binary"
	"mirrorctl/test/hub"
)

// namespace makes a network namespace that reaches an address of this one, and removes it in the end.
func namespace(t *testing.T) (address, space string) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("SKIP: network namespaces want root")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("SKIP: no ip: install the package iproute2")
	}
	n := os.Getpid() % 250
	space, link := fmt.Sprintf("far%d", os.Getpid()), fmt.Sprintf("far%d", os.Getpid()%100000)
	address = fmt.Sprintf("198.19.%d.1", n) // a range for tests of networks
	there := fmt.Sprintf("198.19.%d.2", n)
	t.Cleanup(func() { exec.Command("ip", "netns", "del", space).Run() }) // its links go with it
	for _, line := range []string{
		"netns add " + space,
		"link add " + link + " type veth peer name hub0 netns " + space,
		"addr add " + address + "/30 dev " + link,
		"link set " + link + " up",
		"-n " + space + " addr add " + there + "/30 dev hub0",
		"-n " + space + " link set hub0 up",
		"-n " + space + " link set lo up",
	} {
		if out, err := exec.Command("ip", strings.Fields(line)...).CombinedOutput(); err != nil {
			t.Skipf("SKIP: no network namespace here: ip %s: %v: %s", line, err, out)
		}
	}
	return address, space
}

// far is `mirrorctl copr builder` in another network namespace.
type far struct {
	site  *binary.Site
	space string
	args  []string
	cmd   *exec.Cmd
	log   bytes.Buffer
	done  chan struct{}
}

func newFar(t *testing.T, space, hubURL, queueURL, token string) *far {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"mirrorctl.yaml": "root: pub\nstate: state\n", "token": token + "\n", "wrong": "0123456789abcdef0123456789abcdef\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, sub := range []string{"pub", "state"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return &far{site: binary.At(t, dir), space: space, args: []string{"copr", "builder", "--hub", hubURL, "--connect", queueURL, "--name", "far"}}
}

// command runs the builder with a token; `ip netns exec` becomes the builder, and has its pid.
func (f *far) command(t *testing.T, token string) *exec.Cmd {
	cmd := f.site.Command(t.Context(), append(f.args, "--token-file", filepath.Join(f.site.Dir, token))...)
	inner := cmd.Args
	cmd.Args = append([]string{"ip", "netns", "exec", f.space}, inner...)
	path, err := exec.LookPath("ip")
	if err != nil {
		t.Fatal(err)
	}
	cmd.Path = path
	return cmd
}

func (f *far) start(t *testing.T) {
	t.Helper()
	f.cmd = f.command(t, "token")
	f.cmd.Stderr = &f.log
	if err := f.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	f.done = make(chan struct{})
	go func() { f.cmd.Wait(); close(f.done) }()
	t.Cleanup(func() { f.signal(syscall.SIGKILL) })
}

// signal ends the builder and waits for it.
func (f *far) signal(s syscall.Signal) int {
	f.cmd.Process.Signal(s) // an error says that it has ended
	<-f.done
	return f.cmd.ProcessState.ExitCode()
}

func TestFar(t *testing.T) {
	hub.NeedBuilds(t)
	t.Parallel()
	address, space := namespace(t)
	on := func() string {
		_, port, err := net.SplitHostPort(binary.FreeAddr(t))
		if err != nil {
			t.Fatal(err)
		}
		return net.JoinHostPort(address, port)
	}
	web, tasks := on(), on()
	m := mark()
	other := "aarch64" // this machine's builders are for another architecture: the far one alone serves the chroot
	if other == hub.Chroot.Arch {
		other = "x86_64"
	}
	h := hub.At(t, web, "builders: 1", "arches: ["+other+"]", "listen: "+tasks)
	h.Declare(t, "o/p", hub.Plain(hub.Package("tiny", "")+hub.Package("slow", "")), "tiny.spec", hub.Spec("tiny", "%files\n"), "slow.spec",
		hub.Spec("slow", "%build\nsh -c 'sleep 6; :' "+m+"\n%files\n"))
	h.Start(t)
	token := strings.TrimSpace(h.Must(t, "copr", "builder", "add", "far", hub.Chroot.Arch).Stdout)
	f := newFar(t, space, "http://"+web+"/", "nats://"+tasks, token)

	// A token that is not its own is refused, in one line.
	out, err := f.command(t, "wrong").CombinedOutput()
	// A library may say before that the namespace has no cgroups.
	if exit, ok := err.(*exec.ExitError); !ok || exit.ExitCode() != 2 || bytes.Count(out, []byte("mirrorctl:")) != 1 ||
		!bytes.HasSuffix(out, []byte("mirrorctl: builder far: unknown builder, or not its token: add it with `mirrorctl copr builder add`\n")) {
		t.Errorf("wrong token: %v: %s", err, out)
	}

	id := h.Submit(t, "tiny")
	time.Sleep(time.Second)
	if b := h.Build(t, id); b.State.Ended() || b.Chroots[0].Builder != "" {
		t.Errorf("before its builder is there: %s", hub.Describe(b))
	}
	f.start(t)
	if b := h.Wait(t, id, time.Minute); b.State != copr.Succeeded || b.Chroots[0].Builder != "far" {
		t.Fatalf("%s\n%s", hub.Describe(b), f.log.String())
	}

	// The builder is killed in the middle: nothing stays of the build, and it ends once all the same.
	building := func() {
		t.Helper()
		for end := time.Now().Add(time.Minute); len(coprtest.Running(t, m)) == 0; time.Sleep(50 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("the build never slept\n%s", f.log.String())
			}
		}
	}
	id = h.Submit(t, "slow")
	building()
	f.signal(syscall.SIGKILL)
	if left := gone(t, m, 3*time.Second); len(left) > 0 {
		t.Errorf("after the builder was killed: %q", left)
	}
	f.start(t)
	if b := h.Wait(t, id, 2*time.Minute); b.State != copr.Succeeded || b.Chroots[0].Delivery != 2 || b.Chroots[0].Attempt != 1 {
		t.Errorf("after the builder was killed: %s", hub.Describe(b))
	}

	// The hub is killed in the middle: the builder goes on, and delivers to the one that comes back.
	id = h.Submit(t, "slow")
	building()
	h.Kill()
	h.Start(t)
	if b := h.Wait(t, id, 2*time.Minute); b.State != copr.Succeeded || b.Chroots[0].Attempt != 1 {
		t.Errorf("after the hub was killed: %s\n%s", hub.Describe(b), f.log.String())
	} else {
		t.Logf("after the hub was killed: delivery %d", b.Chroots[0].Delivery)
	}

	// A cancel reaches it at once.
	id = h.Submit(t, "slow")
	building()
	h.Must(t, "copr", "cancel", strconv.FormatUint(id, 10))
	if left := gone(t, m, 2*time.Second); len(left) > 0 {
		t.Errorf("2 s after the cancel: %q", left)
	}

	// SIGTERM ends it, with the task given back.
	h.Must(t, "copr", "retry", strconv.FormatUint(id, 10))
	building()
	if code := f.signal(syscall.SIGTERM); code != 143 {
		t.Errorf("SIGTERM: exit code %d\n%s", code, f.log.String())
	}
	if left := gone(t, m, 3*time.Second); len(left) > 0 {
		t.Errorf("after SIGTERM: %q", left)
	}
	if b := h.Build(t, id); b.State != copr.Pending || b.Chroots[0].Builder != "" {
		t.Errorf("given back: %s", hub.Describe(b))
	}
	f.start(t)
	if b := h.Wait(t, id, 2*time.Minute); b.State != copr.Succeeded || b.Chroots[0].Attempt != 2 {
		t.Errorf("after SIGTERM: %s", hub.Describe(b))
	}
	arch := hub.Chroot.Arch
	signed(t, h, []string{"tiny-1-1." + arch + ".rpm", "slow-1-1." + arch + ".rpm", "slow-1-1." + arch + ".rpm", "slow-1-1." + arch + ".rpm"})

	// Whose right was taken away is refused with its next word.
	h.Must(t, "copr", "builder", "remove", "far")
	if out, err := f.command(t, "token").CombinedOutput(); err == nil || !bytes.Contains(out, []byte("unknown builder")) {
		t.Errorf("removed: %v: %s", err, out)
	}
}

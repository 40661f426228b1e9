package hub_test

import (
	"io"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"mirrorctl/copr"
	"mirrorctl/copr/coprtest"
	"mirrorctl/test/hub"
)

// mark is an argument of processes of one test alone.
func mark() string { return strconv.FormatInt(1e8+time.Now().UnixNano()%1e9, 10) }

// gone waits until no process has the mark, and returns those that are left after all.
func gone(t *testing.T, mark string, within time.Duration) []string {
	for end := time.Now().Add(within); ; time.Sleep(50 * time.Millisecond) {
		if left := coprtest.Running(t, mark); len(left) == 0 || time.Now().After(end) {
			return left
		}
	}
}

// slow is a package whose build says a word every tenth of a second, and then sleeps.
func slow(name, mark string) string {
	return hub.Spec(name, "%build\nfor i in $(seq 30); do echo word $i; sleep 0.1; done\nsleep "+mark+"\n%files\n")
}

func running(b copr.Build) bool { return b.Chroots[0].State == copr.Running }

func TestLife(t *testing.T) {
	hub.NeedBuilds(t)
	t.Parallel()
	m := mark()
	h := hub.New(t, "builders: 1")
	h.Declare(t, "o/p", hub.Plain(hub.Package("tiny", "")+hub.Package("slow", "")),
		"tiny.spec", hub.Spec("tiny", "%build\nfor i in 1 2 3 4 5 6 7 8; do echo word $i; sleep 0.25; done\n%files\n"), "slow.spec", slow("slow", m))
	h.Start(t)

	// A log is followed while it grows, and ends with the build.
	id := h.Submit(t, "tiny")
	follow := h.Command(t.Context(), "copr", "logs", "-f", strconv.FormatUint(id, 10), hub.Chroot.String())
	out, err := follow.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := follow.Start(); err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	var first, last time.Time
	for buf := make([]byte, 4096); ; {
		n, err := out.Read(buf)
		log.Write(buf[:n])
		if first.IsZero() && strings.Contains(log.String(), "\nword 1") {
			first = time.Now()
		}
		if last.IsZero() && strings.Contains(log.String(), "\nword 8") {
			last = time.Now()
		}
		if err == io.EOF {
			break
		}
	}
	if err := follow.Wait(); err != nil || first.IsZero() || last.Sub(first) < time.Second {
		t.Errorf("logs -f: %v; the last word came %s after the first\n%s", err, last.Sub(first), log.String())
	}
	if b := h.Wait(t, id, time.Minute); b.State != copr.Succeeded || strings.Join(b.Names, " ") != "tiny" {
		t.Fatalf("%s, names %q", hub.Describe(b), b.Names)
	}
	if again := h.Log(t, id, hub.Chroot); again != log.String() {
		t.Errorf("the log that was followed has %d bytes, the one that was kept %d", log.Len(), len(again))
	}

	// A cancel ends the processes of a build at once.
	id = h.Submit(t, "slow")
	h.Until(t, id, time.Minute, "running", running)
	for end := time.Now().Add(30 * time.Second); len(coprtest.Running(t, m)) == 0; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the build never slept")
		}
	}
	h.Must(t, "copr", "cancel", strconv.FormatUint(id, 10))
	if left := gone(t, m, 2*time.Second); len(left) > 0 {
		t.Errorf("2 s after the cancel: %q", left)
	}
	if b := h.Build(t, id); b.State != copr.Canceled || !strings.Contains(b.Chroots[0].Reason, "canceled by ") {
		t.Error(hub.Describe(b))
	}
	if r := h.Run(t, "copr", "cancel", strconv.FormatUint(id, 10)); r.Code != 1 || !strings.Contains(r.Stderr, "it has ended") {
		t.Errorf("canceled twice: %d %s", r.Code, r.Stderr)
	}

	// Another attempt begins; the end of the service ends it, and no process stays.
	h.Must(t, "copr", "retry", strconv.FormatUint(id, 10))
	if b := h.Until(t, id, time.Minute, "running", running); b.Chroots[0].Attempt != 2 {
		t.Error(hub.Describe(b))
	}
	for len(coprtest.Running(t, m)) == 0 {
		time.Sleep(50 * time.Millisecond)
	}
	if err := syscall.Kill(h.Pid(), syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if left := append(gone(t, m, 15*time.Second), gone(t, h.Dir, 15*time.Second)...); len(left) > 0 {
		t.Errorf("after Ctrl-C: %q", left)
	}
	h.Stop(t)

	// A killed hub leaves no build and no signer, and finds its builds again.
	h.Start(t)
	h.Until(t, id, time.Minute, "running", running)
	for len(coprtest.Running(t, m)) == 0 {
		time.Sleep(50 * time.Millisecond)
	}
	h.Kill()
	if left := append(gone(t, m, 5*time.Second), gone(t, h.Dir, 5*time.Second)...); len(left) > 0 {
		t.Errorf("after kill -9: %q", left)
	}
	h.Start(t)
	h.Must(t, "copr", "cancel", strconv.FormatUint(id, 10))
	if b := h.Wait(t, h.Submit(t, "tiny"), time.Minute); b.State != copr.Succeeded {
		t.Error(hub.Describe(b))
	}
}

package queue

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"mirrorctl/copr"
	"mirrorctl/copr/dock"
)

// long reports whether the whole campaign is asked for.
func long() bool { return os.Getenv("MIRRORCTL_COPR") == "long" }

func TestEmbedded(t *testing.T) { campaign(t, false) }
func TestExternal(t *testing.T) { campaign(t, true) }

// stand is the processes of one campaign.
type stand struct {
	t      *testing.T
	dir    string
	mark   string // in the environment of all of them
	roles  map[string]role
	spaces map[string]string // of builders: a network namespace
	starts chan func()

	mu    sync.Mutex // of procs
	procs map[string]*exec.Cmd
	logs  *os.File
}

func campaign(t *testing.T, external bool) {
	for _, need := range []string{"bwrap", "ip"} {
		if _, err := exec.LookPath(need); err != nil {
			t.Skipf("SKIP: %s is not installed", need)
		}
	}
	builds, restarts, script := 40, 2, `sleep 0.1; cp /tmp/source.src.rpm "$1/tiny-1-1.x86_64.rpm"`
	if long() {
		builds, restarts = 200, 5
	}
	s := newStand(t, external)
	if long() {
		script = realPackage(t, s.dir)
	} else if err := os.WriteFile(filepath.Join(s.dir, "tiny-1-1.src.rpm"), []byte("a source package"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, r := range s.roles {
		r.Script = script
		s.roles[name] = r
	}
	begin := time.Now()
	for name := range s.roles {
		s.start(name)
	}
	chaos := make(chan struct{})
	var killer sync.WaitGroup
	killer.Go(func() { s.killBuilders(chaos) })

	for restart := range restarts + 1 {
		for len(s.builds()) < builds*(restart+1)/(restarts+1) {
			s.submit(fmt.Sprintf("p%d", rand.IntN(3)))
		}
		if restart == restarts {
			break
		}
		time.Sleep(time.Duration(500+rand.IntN(1500)) * time.Millisecond)
		s.kill("hub")
		if external && restart%2 == 0 {
			s.kill("nats")
			s.start("nats")
		}
		time.Sleep(time.Duration(rand.IntN(600)) * time.Millisecond)
		s.start("hub")
	}
	// Builders are killed until half of what is left has ended.
	s.until(func(ended, all int) bool { return ended >= all*3/4 })
	close(chaos)
	killer.Wait()
	s.until(func(ended, all int) bool { return ended == all })
	took := time.Since(begin)
	s.judge(builds)
	for name := range s.roles {
		s.kill(name)
	}
	s.noOrphans()
	t.Logf("%d builds, %d restarts of the hub: %s", builds, restarts, took.Round(time.Millisecond))
}

func newStand(t *testing.T, external bool) *stand {
	t.Helper()
	s := &stand{t: t, dir: t.TempDir(), mark: fmt.Sprintf("QUEUE_CAMPAIGN=%x", rand.Uint64()),
		procs: map[string]*exec.Cmd{}, starts: make(chan func())}
	// The processes die with the thread that started them: it is to be one that stays.
	go func() {
		runtime.LockOSThread()
		for start := range s.starts {
			start()
		}
	}()
	var err error
	if s.logs, err = os.Create(filepath.Join(s.dir, "log")); err != nil {
		t.Fatal(err)
	}
	address, spaces := namespaces(t)
	s.spaces = spaces
	hub := role{Role: "hub", Dir: s.dir, HTTP: freePort(t, address), NATS: freePort(t, address), External: external,
		Journal: filepath.Join(s.dir, "ended")}
	s.roles = map[string]role{"hub": hub}
	keys, err := dock.OpenKeys(filepath.Join(s.dir, "builders.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"b1", "b2", "b3"} {
		r := hub
		r.Role, r.Name, r.Journal = "builder", name, filepath.Join(s.dir, "delivered")
		r.Dir = filepath.Join(s.dir, name)
		if err := os.Mkdir(r.Dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if r.Token, err = keys.Add(name, []string{"x86_64"}); err != nil {
			t.Fatal(err)
		}
		s.roles[name] = r
	}
	if external {
		r := hub
		r.Role, r.Dir = "nats", filepath.Join(s.dir, "nats")
		s.roles["nats"] = r
	}
	t.Cleanup(func() {
		for name := range s.roles {
			s.kill(name)
		}
		close(s.starts)
		if t.Failed() {
			if text, err := os.ReadFile(s.logs.Name()); err == nil {
				t.Logf("the last of the logs:\n%s", text[max(0, len(text)-20_000):])
			}
		}
		s.logs.Close()
	})
	return s
}

func freePort(t *testing.T, address string) string {
	t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort(address, "0"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func fileAt(name string) (copr.File, error) {
	data, err := os.ReadFile(name)
	sum := sha256.Sum256(data)
	return copr.File{Name: filepath.Base(name), Size: int64(len(data)), SHA256: hex.EncodeToString(sum[:])}, err
}

// start starts a process; kill ends it with SIGKILL and returns when it is gone.
func (s *stand) start(name string) {
	text, err := json.Marshal(s.roles[name])
	if err != nil {
		s.t.Error(err)
		return
	}
	argv := []string{os.Args[0]}
	if space := s.spaces[name]; space != "" {
		argv = append([]string{"ip", "netns", "exec", space}, argv...) // it becomes the program, under the same number
	}
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), roleEnv+"="+string(text), s.mark)
	cmd.Stdout, cmd.Stderr = s.logs, s.logs
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started := make(chan error)
	s.starts <- func() { started <- cmd.Start() }
	if err := <-started; err != nil {
		s.t.Error(err)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.procs[name] = cmd
}

func (s *stand) kill(name string) {
	s.mu.Lock()
	cmd := s.procs[name]
	delete(s.procs, name)
	s.mu.Unlock()
	if cmd == nil {
		return
	}
	if err := cmd.Process.Kill(); err != nil {
		s.t.Errorf("%s had ended by itself: %v", name, err)
	}
	cmd.Wait() // killed: nothing to learn
}

func (s *stand) killBuilders(stop <-chan struct{}) {
	n := 0
	for {
		select {
		case <-stop:
			s.t.Logf("%d kills of builders", n)
			return
		case <-time.After(time.Duration(200+rand.IntN(800)) * time.Millisecond):
		}
		name := fmt.Sprintf("b%d", 1+rand.IntN(3))
		s.kill(name)
		s.start(name)
		n++
	}
}

func (s *stand) submit(project string) {
	res, err := http.Post("http://"+s.roles["hub"].HTTP+"/submit?project="+project, "", nil)
	if err != nil {
		time.Sleep(50 * time.Millisecond)
		return
	}
	text, err := io.ReadAll(res.Body)
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		s.t.Logf("submit: %s %s %v", res.Status, text, err)
	}
}

// builds asks the hub, until it is there.
func (s *stand) builds() []*copr.Build {
	for until := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		var all []*copr.Build
		res, err := http.Get("http://" + s.roles["hub"].HTTP + "/builds")
		if err == nil {
			err = json.NewDecoder(res.Body).Decode(&all)
			res.Body.Close()
		}
		if err == nil {
			return all
		}
		if time.Now().After(until) {
			s.t.Fatalf("the hub does not answer: %v", err)
		}
	}
}

func (s *stand) until(is func(ended, all int) bool) {
	limit := time.Minute
	if long() {
		limit = 10 * time.Minute
	}
	var open []string
	for until := time.Now().Add(limit); time.Now().Before(until); time.Sleep(100 * time.Millisecond) {
		all := s.builds()
		open = nil
		for _, b := range all {
			if !b.State.Ended() {
				open = append(open, fmt.Sprintf("%d %+v", b.ID, b.Chroots))
			}
		}
		if is(len(all)-len(open), len(all)) {
			return
		}
	}
	s.t.Fatalf("not ended in %s: %s", limit, strings.Join(open, "\n"))
}

// judge counts: every build succeeded, in its first attempt, was taken once, ended once, and its result is there.
func (s *stand) judge(least int) {
	all := s.builds()
	if len(all) < least {
		s.t.Errorf("%d builds are recorded, at least %d were submitted", len(all), least)
	}
	ended, taken := s.lines("ended"), s.lines("delivered")
	given := 0
	for _, b := range all {
		c := b.Chroots[0]
		given += c.Delivery
		id := fmt.Sprintf("%d/%s", b.ID, c.Chroot)
		if b.State != copr.Succeeded || c.Attempt != 1 || c.Result == nil {
			s.t.Errorf("build %d: %+v", b.ID, c)
			continue
		}
		// A kill may come between the deed and its line, so that a line may be missing; one too many would be a second end.
		if ended[id] > 1 || taken[id+"/1"] > 1 {
			s.t.Errorf("build %d ended %d times and was taken %d times", b.ID, ended[id], taken[id+"/1"])
		}
		published := filepath.Join(s.dir, "published", fmt.Sprint(b.ID))
		for _, f := range c.Result.Files {
			if got, err := fileAt(filepath.Join(published, f.Name)); err != nil || got != f {
				s.t.Errorf("build %d: %s is not what was delivered: %v", b.ID, f.Name, err)
			}
		}
		if names, err := os.ReadDir(published); err != nil || len(names) != 2 {
			s.t.Errorf("build %d: results: %v, %v", b.ID, names, err)
		}
	}
	s.t.Logf("%d builds were handed out %d times; %d lines of ends, %d of deliveries", len(all), given, len(ended), len(taken))
	if len(ended) < len(all)*9/10 {
		s.t.Errorf("%d of %d ends were written down: the count above proves nothing", len(ended), len(all))
	}
}

func (s *stand) lines(name string) map[string]int {
	data, err := os.ReadFile(filepath.Join(s.dir, name))
	if err != nil {
		s.t.Fatal(err)
	}
	n := map[string]int{}
	for line := range strings.Lines(string(data)) {
		n[strings.TrimSpace(line)]++
	}
	return n
}

// noOrphans looks for processes that carry the campaign's mark.
func (s *stand) noOrphans() {
	var left []string
	for range 20 { // the kernel takes a moment to end a namespace of processes
		left = nil
		all, err := filepath.Glob("/proc/[0-9]*/environ")
		if err != nil {
			s.t.Fatal(err)
		}
		for _, name := range all {
			if env, err := os.ReadFile(name); err == nil && bytes.Contains(env, []byte(s.mark)) {
				cmd, _ := os.ReadFile(filepath.Join(filepath.Dir(name), "cmdline")) // gone meanwhile, perhaps
				left = append(left, filepath.Dir(name)+" "+string(cmd))
			}
		}
		if len(left) == 0 {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	s.t.Errorf("processes are left: %q", left)
}

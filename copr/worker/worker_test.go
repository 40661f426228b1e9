package worker_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crypto/sha256"
	"encoding/hex"

	"mirrorctl/copr"
	"mirrorctl/copr/dock"
	"mirrorctl/copr/queue"
	"mirrorctl/copr/worker"
)

// shell builds by a function of the test, which is the package.
type shell func(ctx context.Context, t copr.Task, w copr.Workspace) (copr.Outcome, error)

func (shell) Name() string { return "shell" }
func (s shell) Build(ctx context.Context, t copr.Task, w copr.Workspace) (copr.Outcome, error) {
	return s(ctx, t, w)
}

type gate func(ctx context.Context, t copr.Task, dir string, log io.Writer) ([]copr.Report, error)

func (g gate) Run(ctx context.Context, t copr.Task, dir string, log io.Writer) ([]copr.Report, error) {
	return g(ctx, t, dir, log)
}

// stand is a hub with a real queue and dock, and one builder that speaks HTTP to it.
type stand struct {
	queue  *queue.Queue
	dock   *dock.Dock
	dir    string
	worker *worker.Worker
	task   func(*copr.Task) // changes what is composed
	change <-chan *copr.Build
}

func (s *stand) Compose(_ context.Context, b *copr.Build, _ copr.Chroot) (copr.Task, error) {
	t := copr.Task{Project: b.Project, Package: b.Package, SRPM: b.SRPM}
	s.task(&t)
	return t, nil
}

const source = "the source package"

func newStand(t *testing.T, b shell) *stand {
	t.Helper()
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	dir := t.TempDir()
	s := &stand{dir: dir, task: func(*copr.Task) {}}
	var err error
	if s.queue, err = queue.Open(t.Context(), queue.Config{Dir: filepath.Join(dir, "queue"), AckWait: 2 * time.Second}); err != nil {
		t.Fatal(err)
	}
	s.dock, err = dock.Open(dock.Config{Dir: dir, Ledger: s.queue.Ledger(), Deliveries: 2, Silence: 10 * time.Millisecond, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	keys, err := dock.OpenKeys(filepath.Join(dir, "builders.json"))
	if err != nil {
		t.Fatal(err)
	}
	token, err := keys.Add("b1", []string{"x86_64"})
	if err != nil {
		t.Fatal(err)
	}
	handler := &dock.Handler{Dock: s.dock, Keys: keys}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := handler.Serve(w, r); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	}))
	tasks, err := s.queue.Tasks([]string{"x86_64"})
	if err != nil {
		t.Fatal(err)
	}
	client := &dock.Client{URL: srv.URL, Name: "b1", Token: token}
	s.worker = &worker.Worker{Name: "b1", Tasks: tasks, Lease: client, Dock: client, Builder: b, Dir: t.TempDir(),
		Log: log, Beat: 50 * time.Millisecond}
	ctx, cancel := context.WithCancel(t.Context())
	s.change = s.queue.Ledger().Watch(ctx)
	ended := make(chan error, 1)
	go func() {
		ended <- (&queue.Scheduler{Queue: s.queue, Composer: s, Log: log}).Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
		srv.Close()
		if err := s.queue.Close(); err != nil {
			t.Error(err)
		}
		left, err := os.ReadDir(s.worker.Dir)
		if err != nil || len(left) > 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
	})
	return s
}

// start runs the worker and submits a build; the function ends it.
func (s *stand) start(t *testing.T) (id uint64, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.worker.Run(ctx) }()
	id, err := s.submit(t)
	if err != nil {
		t.Fatal(err)
	}
	return id, func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("the worker ended with %v", err)
		}
	}
}

// submit records a build and its source package.
func (s *stand) submit(t *testing.T) (uint64, error) {
	t.Helper()
	sum := sha256.Sum256([]byte(source))
	b := &copr.Build{
		Project: copr.ProjectName{Owner: "a", Name: "b"}, Package: "criu",
		SRPM: copr.File{Name: "criu-1-1.src.rpm", Size: int64(len(source)), SHA256: hex.EncodeToString(sum[:])},
		Chroots: []copr.BuildChroot{{
			Chroot: copr.Chroot{Distribution: "epel", Version: "9", Arch: "x86_64"}, State: copr.Importing}},
	}
	l := s.queue.Ledger()
	if err := l.Create(t.Context(), b); err != nil {
		return 0, err
	}
	name := filepath.Join(s.dir, "srpm", fmt.Sprint(b.ID), b.SRPM.Name)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return 0, err
	}
	if err := os.WriteFile(name, []byte(source), 0o644); err != nil {
		return 0, err
	}
	return b.ID, l.Update(t.Context(), b.ID, func(b *copr.Build) error { b.Chroots[0].State = copr.Pending; return nil })
}

// until waits for a record; of waits for that of one build.
func (s *stand) until(t *testing.T, is func(c copr.BuildChroot) bool) copr.BuildChroot {
	t.Helper()
	return s.of(t, 0, is)
}

func (s *stand) of(t *testing.T, id uint64, is func(c copr.BuildChroot) bool) copr.BuildChroot {
	t.Helper()
	timeout := time.After(20 * time.Second)
	var last copr.BuildChroot
	for {
		select {
		case b := <-s.change:
			last = b.Chroots[0]
			if (id == 0 || id == b.ID) && is(last) {
				return last
			}
		case <-timeout:
			t.Fatalf("did not come; last: %+v", last)
		}
	}
}

func delivered(c copr.BuildChroot) bool { return c.Result != nil }

func leave(w copr.Workspace, name, text string) error {
	return os.WriteFile(filepath.Join(w.Results, name), []byte(text), 0o644)
}

func TestBuild(t *testing.T) {
	s := newStand(t, func(_ context.Context, _ copr.Task, w copr.Workspace) (copr.Outcome, error) {
		got, err := os.ReadFile(w.SRPM)
		if err != nil || string(got) != source {
			return copr.Outcome{}, fmt.Errorf("source %q: %v", got, err)
		}
		fmt.Fprintln(w.Log, "building")
		return copr.Outcome{Root: "none"}, leave(w, "criu-1-1.x86_64.rpm", "package")
	})
	s.task = func(t *copr.Task) { t.Twice = true }
	s.worker.Gates = []worker.Gate{gate(func(_ context.Context, t copr.Task, dir string, log io.Writer) ([]copr.Report, error) {
		_, err := os.Stat(filepath.Join(dir, "criu-1-1.x86_64.rpm"))
		fmt.Fprintln(log, "proving")
		return []copr.Report{{Gate: "install", Checks: []copr.Check{{Name: "rpm-verify", Verdict: copr.Pass}}}}, err
	})}
	id, stop := s.start(t)
	c := s.until(t, delivered)
	stop()
	r := c.Result
	if r.Exit != 0 || r.Reproducible == nil || !r.Reproducible.Same || len(r.Gates) != 1 || r.Kind != "shell" || r.Builder != "b1" ||
		!strings.HasPrefix(r.Host, "Linux ") || r.Took <= 0 || len(r.Files) != 2 || c.Step != copr.StepCheck {
		t.Errorf("%+v", c)
	}
	f, err := os.Open(filepath.Join(s.dock.Inbox(id, c.Chroot, 1), worker.LogName))
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := io.ReadAll(z)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	live, err := s.dock.Follow(t.Context(), id, c.Chroot, 1)
	if err != nil {
		t.Fatal(err)
	}
	shown, err := io.ReadAll(live)
	if err := errors.Join(err, live.Close()); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(kept, shown) || strings.Count(string(kept), "building") != 2 || !strings.Contains(string(kept), "proving") {
		t.Errorf("kept %q, shown %q", kept, shown)
	}
}

// What the package did is a result, and carries no packages.
func TestBuildFails(t *testing.T) {
	n := 0
	for name, tt := range map[string]struct {
		build  shell
		exit   int
		reason string
		differ bool
	}{
		"exit": {func(_ context.Context, _ copr.Task, w copr.Workspace) (copr.Outcome, error) {
			return copr.Outcome{Exit: 139, Reason: "make died"}, leave(w, "a.rpm", "x")
		}, 139, "make died", false},
		"nothing": {func(context.Context, copr.Task, copr.Workspace) (copr.Outcome, error) {
			return copr.Outcome{}, nil
		}, 1, "no package", false},
		"symlink": {func(_ context.Context, _ copr.Task, w copr.Workspace) (copr.Outcome, error) {
			return copr.Outcome{}, os.Symlink("/etc/shadow", filepath.Join(w.Results, "a.rpm"))
		}, 1, "no plain file", false},
		"directory": {func(_ context.Context, _ copr.Task, w copr.Workspace) (copr.Outcome, error) {
			return copr.Outcome{}, os.Mkdir(filepath.Join(w.Results, "a.rpm"), 0o755)
		}, 1, "no plain file", false},
		"name": {func(_ context.Context, _ copr.Task, w copr.Workspace) (copr.Outcome, error) {
			return copr.Outcome{}, leave(w, "x\n.rpm", "x")
		}, 1, "no package's name", false},
		"log's name": {func(_ context.Context, _ copr.Task, w copr.Workspace) (copr.Outcome, error) {
			return copr.Outcome{}, leave(w, worker.LogName, "x")
		}, 1, "no package's name", false},
		"time": {func(ctx context.Context, _ copr.Task, w copr.Workspace) (copr.Outcome, error) {
			<-ctx.Done()
			return copr.Outcome{}, ctx.Err()
		}, 137, "longer than its limit of 300ms", false},
		"differs": {func(_ context.Context, _ copr.Task, w copr.Workspace) (copr.Outcome, error) {
			n++
			return copr.Outcome{}, leave(w, "a.rpm", fmt.Sprint(n))
		}, 0, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStand(t, tt.build)
			s.task = func(t *copr.Task) { t.Timeout = 300 * time.Millisecond; t.Twice = true }
			_, stop := s.start(t)
			r := s.until(t, delivered).Result
			stop()
			if r.Exit != tt.exit || !strings.Contains(r.Reason, tt.reason) {
				t.Errorf("exit %d, reason %q", r.Exit, r.Reason)
			}
			if want := map[bool]int{false: 1, true: 2}[tt.differ]; len(r.Files) != want {
				t.Errorf("files: %v", r.Files)
			}
			if tt.differ != (r.Reproducible != nil && !r.Reproducible.Same && r.Reproducible.Differs[0] == "a.rpm") {
				t.Errorf("reproducible: %+v", r.Reproducible)
			}
		})
	}
}

// A builder that cannot work gives the task back, and after so many times the chroot fails with what it said.
func TestBroken(t *testing.T) {
	s := newStand(t, func(context.Context, copr.Task, copr.Workspace) (copr.Outcome, error) {
		return copr.Outcome{}, errors.New("the sandbox does not start")
	})
	_, stop := s.start(t)
	c := s.until(t, func(c copr.BuildChroot) bool { return c.State.Ended() })
	stop()
	if c.State != copr.Failed || c.Delivery != 2 || !strings.Contains(c.Reason, "the sandbox does not start") {
		t.Errorf("%+v", c)
	}
}

// A canceled build ends within a second, and its builder goes on with the next.
func TestCancel(t *testing.T) {
	ended := make(chan time.Time, 1)
	s := newStand(t, func(ctx context.Context, task copr.Task, w copr.Workspace) (copr.Outcome, error) {
		if task.Build == 2 {
			return copr.Outcome{}, leave(w, "a.rpm", "x")
		}
		<-ctx.Done()
		ended <- time.Now()
		return copr.Outcome{}, ctx.Err()
	})
	id, stop := s.start(t)
	s.until(t, func(c copr.BuildChroot) bool { return c.Step == copr.StepBuild })
	begin := time.Now()
	if err := s.queue.Cancel(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if took := (<-ended).Sub(begin); took > time.Second {
		t.Errorf("the build ended %s after it was canceled", took)
	}
	c := s.until(t, func(c copr.BuildChroot) bool { return c.State.Ended() })
	if c.State != copr.Canceled || c.Result != nil {
		t.Errorf("%+v", c)
	}
	stop()
}

// A builder that is shut down gives its task back at once.
func TestShutdown(t *testing.T) {
	s := newStand(t, func(ctx context.Context, _ copr.Task, w copr.Workspace) (copr.Outcome, error) {
		<-ctx.Done()
		return copr.Outcome{}, ctx.Err()
	})
	_, stop := s.start(t)
	s.until(t, func(c copr.BuildChroot) bool { return c.Step == copr.StepBuild })
	stop()
	c := s.until(t, func(c copr.BuildChroot) bool { return c.State == copr.Pending && c.Delivery > 0 })
	if c.Delivery != 1 || c.Builder != "" {
		t.Errorf("%+v", c)
	}
}

// An endless log is cut, and says so.
func TestEndlessLog(t *testing.T) {
	s := newStand(t, func(_ context.Context, _ copr.Task, w copr.Workspace) (copr.Outcome, error) {
		line := []byte(strings.Repeat("x", 999) + "\n")
		for range 10_000 {
			if _, err := w.Log.Write(line); err != nil {
				return copr.Outcome{}, err
			}
		}
		return copr.Outcome{}, leave(w, "a.rpm", "x")
	})
	s.worker.MaxLog = 100_000
	id, stop := s.start(t)
	c := s.until(t, delivered)
	stop()
	f, err := os.Open(filepath.Join(s.dock.Inbox(id, c.Chroot, 1), worker.LogName))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil || len(text) > 100_100 || !strings.Contains(string(text), "the log ends here: 100000 bytes are kept") {
		t.Errorf("%d bytes, %v", len(text), err)
	}
}

func TestIdle(t *testing.T) {
	s := newStand(t, func(_ context.Context, _ copr.Task, w copr.Workspace) (copr.Outcome, error) {
		return copr.Outcome{}, leave(w, "a.rpm", "x")
	})
	s.worker.Idle, s.worker.Jobs = 300*time.Millisecond, 3
	if err := s.worker.Run(t.Context()); err != nil {
		t.Error(err)
	}
}

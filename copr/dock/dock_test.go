package dock_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mirrorctl/copr"
	"mirrorctl/copr/dock"
	"mirrorctl/copr/queue"
	"mirrorctl/copr/worker"
)

var (
	_ worker.Lease = (*dock.Builder)(nil)
	_ worker.Dock  = (*dock.Builder)(nil)
	_ worker.Lease = (*dock.Client)(nil)
	_ worker.Dock  = (*dock.Client)(nil)
	_ worker.Tasks = (*queue.Tasks)(nil)
	_ dock.Ledger  = (*queue.Ledger)(nil)
	_ queue.Keys   = (*dock.Keys)(nil)
)

// side is what a builder has of a dock, here or elsewhere.
type side interface {
	worker.Lease
	worker.Dock
}

// hub is a dock on real records, and its HTTP.
type hub struct {
	*dock.Dock
	dir    string
	ledger *queue.Ledger
	queue  *queue.Queue
	keys   *dock.Keys
	url    string
}

func newHub(t testing.TB, c dock.Config) *hub {
	t.Helper()
	h := &hub{dir: t.TempDir()}
	var err error
	if h.queue, err = queue.Open(t.Context(), queue.Config{Dir: filepath.Join(h.dir, "queue")}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.queue.Close(); err != nil {
			t.Error(err)
		}
	})
	h.ledger = h.queue.Ledger()
	if h.keys, err = dock.OpenKeys(filepath.Join(h.dir, "builders.json")); err != nil {
		t.Fatal(err)
	}
	c.Dir, c.Ledger, c.Log = h.dir, h.ledger, slog.New(slog.NewTextHandler(t.Output(), nil))
	if c.Silence == 0 {
		c.Silence = time.Nanosecond // nobody counts as alive
	}
	if h.Dock, err = dock.Open(c); err != nil {
		t.Fatal(err)
	}
	handler := &dock.Handler{Dock: h.Dock, Keys: h.keys}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := handler.Serve(w, r); err != nil {
			t.Logf("%s %s: %v", r.Method, r.URL, err)
			http.Error(w, "internal server error", http.StatusInternalServerError)
		}
	}))
	t.Cleanup(srv.Close)
	h.url = srv.URL
	return h
}

func (h *hub) client(t testing.TB, name string, arches ...string) *dock.Client {
	t.Helper()
	token, err := h.keys.Add(name, arches)
	if err != nil {
		t.Fatal(err)
	}
	return &dock.Client{URL: h.url, Name: name, Token: token, Patience: time.Second}
}

var el9 = copr.Chroot{Distribution: "epel", Version: "9", Arch: "x86_64"}

// build records one build with a source package and returns its task.
func (h *hub) build(t testing.TB) copr.Task {
	t.Helper()
	b := &copr.Build{
		Project: copr.ProjectName{Owner: "a", Name: "b"}, Package: "criu", SRPM: fileOf("criu-1-1.src.rpm", "source"),
		Chroots: []copr.BuildChroot{{Chroot: el9, State: copr.Pending, Attempt: 1}},
	}
	if err := h.ledger.Create(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(h.dir, "srpm", fmt.Sprint(b.ID), b.SRPM.Name), "source")
	return copr.Task{Build: b.ID, Chroot: el9, Attempt: 1, SRPM: b.SRPM, Package: "criu"}
}

func (h *hub) chroot(t testing.TB, task copr.Task) *copr.BuildChroot {
	t.Helper()
	b, err := h.ledger.Get(t.Context(), task.Build)
	if err != nil {
		t.Fatal(err)
	}
	return b.Chroot(el9)
}

func write(t testing.TB, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func fileOf(name, text string) copr.File {
	sum := sha256.Sum256([]byte(text))
	return copr.File{Name: name, Size: int64(len(text)), SHA256: hex.EncodeToString(sum[:])}
}

func hold(t testing.TB, s side, task copr.Task) copr.Task {
	t.Helper()
	task, err := s.Hold(t.Context(), task, "")
	if err != nil {
		t.Fatal(err)
	}
	return task
}

// result leaves one package in a directory.
func result(t testing.TB, text string) (copr.Result, string) {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "criu-1-1.x86_64.rpm"), text)
	return copr.Result{Outcome: copr.Outcome{Root: "test"}, Files: []copr.File{fileOf("criu-1-1.x86_64.rpm", text)}}, dir
}

// both runs a test in this process and over HTTP.
func both(t *testing.T, c dock.Config, test func(t *testing.T, h *hub, a, b side)) {
	t.Run("here", func(t *testing.T) {
		h := newHub(t, c)
		test(t, h, h.For("a", []string{"x86_64"}), h.For("b", []string{"x86_64"}))
	})
	t.Run("http", func(t *testing.T) {
		h := newHub(t, c)
		test(t, h, h.client(t, "a", "x86_64"), h.client(t, "b", "x86_64"))
	})
}

func TestTrip(t *testing.T) {
	both(t, dock.Config{}, func(t *testing.T, h *hub, a, _ side) {
		task := hold(t, a, h.build(t))
		if c := h.chroot(t, task); c.State != copr.Starting || c.Builder != "a" || c.Delivery != 1 {
			t.Errorf("taken: %+v", c)
		}
		var source strings.Builder
		if err := a.Source(t.Context(), task, &source); err != nil || source.String() != "source" {
			t.Errorf("source %q, %v", source.String(), err)
		}
		if _, err := a.Hold(t.Context(), task, copr.StepBuild); err != nil {
			t.Error(err)
		}
		if c := h.chroot(t, task); c.State != copr.Running || c.Step != copr.StepBuild {
			t.Errorf("built: %+v", c)
		}
		r, dir := result(t, "package")
		for range 2 { // the answer to the first was lost
			if err := a.Deliver(t.Context(), task, r, dir); err != nil {
				t.Fatal(err)
			}
		}
		c := h.chroot(t, task)
		if c.State != copr.Running || c.Step != copr.StepCheck || c.Result == nil || c.Result.Builder != "a" {
			t.Errorf("delivered: %+v", c)
		}
		got, err := os.ReadFile(filepath.Join(h.Inbox(task.Build, el9, 1), "criu-1-1.x86_64.rpm"))
		if err != nil || string(got) != "package" {
			t.Errorf("in the inbox: %q, %v", got, err)
		}
		other, dir := result(t, "another")
		if err := a.Deliver(t.Context(), task, other, dir); !errors.Is(err, dock.ErrDuplicate) || !errors.Is(err, copr.ErrLost) {
			t.Errorf("a second result: %v", err)
		}
		if err := h.Discard(task.Build, el9, 1); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(h.Inbox(task.Build, el9, 1)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("discarded, and there: %v", err)
		}
	})
}

// Who lost the task is refused, whatever it asks.
func TestLost(t *testing.T) {
	both(t, dock.Config{}, func(t *testing.T, h *hub, a, b side) {
		task := h.build(t)
		lost := hold(t, a, task)
		held := hold(t, b, task)
		if held.Delivery != 2 {
			t.Errorf("delivery %d", held.Delivery)
		}
		r, dir := result(t, "package")
		forged := lost
		forged.Delivery = 2
		for name, err := range map[string]error{
			"confirm": second(a.Hold(t.Context(), lost, copr.StepBuild)),
			"forge":   second(a.Hold(t.Context(), forged, copr.StepBuild)),
			"source":  a.Source(t.Context(), lost, io.Discard),
			"deliver": a.Deliver(t.Context(), lost, r, dir),
			"release": a.Release(t.Context(), lost, "because"),
		} {
			if !errors.Is(err, dock.ErrStale) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := b.Deliver(t.Context(), held, r, dir); err != nil {
			t.Error(err)
		}
		if _, err := a.Hold(t.Context(), task, ""); !errors.Is(err, dock.ErrDuplicate) {
			t.Errorf("take what is delivered: %v", err)
		}
		foreign := task
		foreign.Chroot.Arch = "s390x"
		if _, err := a.Hold(t.Context(), foreign, ""); !errors.Is(err, dock.ErrForeign) {
			t.Errorf("another architecture: %v", err)
		}
		canceled := hold(t, a, h.build(t))
		if err := h.queue.Cancel(t.Context(), canceled.Build); err != nil {
			t.Fatal(err)
		}
		if err := a.Deliver(t.Context(), canceled, r, dir); !errors.Is(err, copr.ErrLost) {
			t.Errorf("deliver what was canceled: %v", err)
		}
	})
}

func second(_ copr.Task, err error) error { return err }

// A builder that speaks keeps its task; one that is silent loses it.
func TestAlive(t *testing.T) {
	both(t, dock.Config{Silence: 400 * time.Millisecond}, func(t *testing.T, h *hub, a, b side) {
		task := h.build(t)
		hold(t, a, task)
		if _, err := b.Hold(t.Context(), task, ""); !errors.Is(err, dock.ErrHeld) || errors.Is(err, copr.ErrLost) {
			t.Errorf("take from the living: %v", err)
		}
		if again := hold(t, a, task); again.Delivery != 2 {
			t.Errorf("killed and back: %+v", again)
		}
		time.Sleep(500 * time.Millisecond)
		if held := hold(t, b, task); held.Delivery != 3 {
			t.Errorf("take from the silent: %+v", held)
		}
	})
}

// A task that nobody finishes fails, and says why.
func TestTooOften(t *testing.T) {
	both(t, dock.Config{Deliveries: 2}, func(t *testing.T, h *hub, a, b side) {
		task := h.build(t)
		hold(t, a, task)
		held := hold(t, b, task)
		if err := b.Release(t.Context(), held, "no\nroom"); err != nil {
			t.Fatal(err)
		}
		if c := h.chroot(t, task); c.State != copr.Pending || c.Reason != "builder b gave it back: no room" {
			t.Errorf("released: %+v", c)
		}
		if _, err := a.Hold(t.Context(), task, ""); !errors.Is(err, copr.ErrLost) {
			t.Errorf("a third time: %v", err)
		}
		c := h.chroot(t, task)
		if c.State != copr.Failed || !strings.Contains(c.Reason, "2 times") || !strings.Contains(c.Reason, "no room") {
			t.Errorf("failed: %+v", c)
		}
	})
}

// What a builder brings is what it says, of names that do no harm, and not too much.
func TestHostileResults(t *testing.T) {
	limits := dock.Limits{Files: 3, File: 100, Total: 150}
	both(t, dock.Config{Limits: limits}, func(t *testing.T, h *hub, a, _ side) {
		for name, r := range map[string]copr.Result{
			"path":        {Files: []copr.File{fileOf("../x.rpm", "x")}},
			"hidden":      {Files: []copr.File{fileOf(".x.rpm", "x")}},
			"option":      {Files: []copr.File{fileOf("-x.rpm", "x")}},
			"control":     {Files: []copr.File{fileOf("x\n.rpm", "x")}},
			"ours":        {Files: []copr.File{fileOf("result.json", "x")}},
			"wrong hash":  {Files: []copr.File{{Name: "x.rpm", Size: 1, SHA256: fileOf("", "y").SHA256}}},
			"wrong size":  {Files: []copr.File{{Name: "x.rpm", Size: 2, SHA256: fileOf("", "x").SHA256}}},
			"twice":       {Files: []copr.File{fileOf("x.rpm", "x"), fileOf("x.rpm", "x")}},
			"large":       {Files: []copr.File{fileOf("x.rpm", strings.Repeat("x", 101))}},
			"much":        {Files: []copr.File{fileOf("x.rpm", strings.Repeat("x", 90)), fileOf("y.rpm", strings.Repeat("x", 90))}},
			"many":        {Files: []copr.File{fileOf("1.rpm", "x"), fileOf("2.rpm", "x"), fileOf("3.rpm", "x"), fileOf("4.rpm", "x")}},
			"long record": {Outcome: copr.Outcome{Buildroot: []string{strings.Repeat("x", 100_000)}}},
		} {
			task := hold(t, a, h.build(t))
			dir := t.TempDir()
			for _, f := range r.Files {
				n := f.Size
				if name == "wrong size" {
					n = 1
				}
				if f.Name != "../x.rpm" {
					write(t, filepath.Join(dir, f.Name), strings.Repeat("x", int(n)))
				}
			}
			if err := a.Deliver(t.Context(), task, r, dir); err == nil {
				t.Errorf("%s: was taken", name)
			}
			if c := h.chroot(t, task); c.Result != nil {
				t.Errorf("%s: stands in the record", name)
			}
			if _, err := os.Stat(h.Inbox(task.Build, el9, 1)); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s: lies in the inbox: %v", name, err)
			}
		}
	})
}

// dead answers with an error from the nth change on: the hub was killed there.
type dead struct {
	dock.Ledger
	left int
}

var errKilled = errors.New("killed")

func (d *dead) Update(ctx context.Context, id uint64, change func(*copr.Build) error) error {
	if d.left--; d.left < 0 {
		return errKilled
	}
	return d.Ledger.Update(ctx, id, change)
}

// Between the rename and the record lies a crash; the record follows by the same delivery again, by another builder's
// question, or by Recover.
func TestRecover(t *testing.T) {
	for name, again := range map[string]func(t *testing.T, h *hub, d *dock.Dock, task copr.Task, r copr.Result, dir string){
		"recover": func(t *testing.T, h *hub, d *dock.Dock, task copr.Task, r copr.Result, dir string) {
			if err := d.Recover(t.Context()); err != nil {
				t.Error(err)
			}
		},
		"deliver": func(t *testing.T, h *hub, d *dock.Dock, task copr.Task, r copr.Result, dir string) {
			if err := d.For("a", []string{"x86_64"}).Deliver(t.Context(), task, r, dir); err != nil {
				t.Error(err)
			}
		},
		"hold": func(t *testing.T, h *hub, d *dock.Dock, task copr.Task, r copr.Result, dir string) {
			task.Delivery = 0
			if _, err := d.For("b", []string{"x86_64"}).Hold(t.Context(), task, ""); !errors.Is(err, dock.ErrDuplicate) {
				t.Error(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHub(t, dock.Config{})
			killed, err := dock.Open(dock.Config{Dir: h.dir, Ledger: &dead{h.ledger, 1}, Log: slog.New(slog.DiscardHandler)})
			if err != nil {
				t.Fatal(err)
			}
			a := killed.For("a", []string{"x86_64"})
			task := hold(t, a, h.build(t))
			r, dir := result(t, "package")
			if err := a.Deliver(t.Context(), task, r, dir); !errors.Is(err, errKilled) {
				t.Fatal(err)
			}
			if c := h.chroot(t, task); c.Result != nil {
				t.Fatalf("%+v", c)
			}
			again(t, h, h.Dock, task, r, dir)
			if c := h.chroot(t, task); c.Result == nil || c.Step != copr.StepCheck || c.Builder != "a" {
				t.Errorf("%+v", c)
			}
		})
	}
}

// What is left of a build that was canceled goes; what the hub has yet to deal with stays.
func TestRecoverRemoves(t *testing.T) {
	h := newHub(t, dock.Config{})
	a := h.For("a", []string{"x86_64"})
	r, dir := result(t, "package")
	kept, gone := hold(t, a, h.build(t)), hold(t, a, h.build(t))
	for _, task := range []copr.Task{kept, gone} {
		if err := a.Deliver(t.Context(), task, r, dir); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.queue.Cancel(t.Context(), gone.Build); err != nil {
		t.Fatal(err)
	}
	if err := h.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(h.Inbox(kept.Build, el9, 1)); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(h.Inbox(gone.Build, el9, 1)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of a canceled build: %v", err)
	}
}

// A reader follows a log over two builders to its end.
func TestFollow(t *testing.T) {
	both(t, dock.Config{}, func(t *testing.T, h *hub, a, b side) {
		task := h.build(t)
		if _, err := h.Follow(t.Context(), 99, el9, 1); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("no such build: %v", err)
		}
		r, err := h.Follow(t.Context(), task.Build, el9, 1)
		if err != nil {
			t.Fatal(err)
		}
		read := make(chan string)
		go func() {
			text, err := io.ReadAll(r)
			read <- fmt.Sprint(string(text), err)
		}()
		say := func(s side, task copr.Task, lines ...string) {
			w, err := s.Log(t.Context(), task)
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range lines {
				if _, err := io.WriteString(w, l); err != nil {
					t.Fatal(err)
				}
			}
			if err := w.Close(); err != nil {
				t.Error(err)
			}
		}
		held := hold(t, a, task)
		say(a, held, "one\n", "two\n")
		say(a, held, "one\n", "two\n") // sent again: it is there
		taken := hold(t, b, task)
		w, err := a.Log(t.Context(), held)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte("one\ntwo\nfour\n")); !errors.Is(err, copr.ErrLost) {
			t.Errorf("log of who lost the task: %v", err)
		}
		say(b, taken, "three\n")
		res, dir := result(t, "x")
		if err := b.Deliver(t.Context(), taken, res, dir); err != nil {
			t.Fatal(err)
		}
		select {
		case got := <-read:
			if want := "one\ntwo\n\n--- handed out again, for time 2 ---\nthree\n<nil>"; got != want {
				t.Errorf("read %q", got)
			}
		case <-time.After(5 * time.Second):
			t.Error("the log did not end")
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestKeys(t *testing.T) {
	name := filepath.Join(t.TempDir(), "builders.json")
	k, err := dock.OpenKeys(name)
	if err != nil {
		t.Fatal(err)
	}
	token, err := k.Add("b1", []string{"s390x"})
	if err != nil || len(token) != 64 {
		t.Fatal(token, err)
	}
	server, err := dock.OpenKeys(name)
	if err != nil {
		t.Fatal(err)
	}
	if arches, ok := server.Check("b1", token); !ok || len(arches) != 1 || arches[0] != "s390x" {
		t.Errorf("%v, %v", arches, ok)
	}
	for _, bad := range [][2]string{{"b1", ""}, {"b1", token + "0"}, {"b2", token}, {"", ""}} {
		if _, ok := server.Check(bad[0], bad[1]); ok {
			t.Errorf("%q was let in", bad)
		}
	}
	if text, err := os.ReadFile(name); err != nil || strings.Contains(string(text), token) {
		t.Errorf("the token stands in the file: %v", err)
	}
	if _, err := k.Add("b1", []string{"s390x"}); !errors.Is(err, fs.ErrExist) {
		t.Errorf("added twice: %v", err)
	}
	for _, bad := range []string{"", "a.b", "a b", ":hub", "a/b", "a*"} {
		if _, err := k.Add(bad, []string{"s390x"}); err == nil {
			t.Errorf("%q was added", bad)
		}
	}
	if err := k.Remove("b1"); err != nil {
		t.Fatal(err)
	}
	if _, ok := server.Check("b1", token); ok {
		t.Error("a builder that was removed was let in")
	}
}

// Requests that no builder of ours sends.
func TestRequests(t *testing.T) {
	h := newHub(t, dock.Config{})
	c := h.client(t, "a", "x86_64")
	hold(t, c, h.build(t))
	auth := "Bearer a:" + c.Token
	for name, tt := range map[string]struct {
		method, path, auth, body string
		want                     int
	}{
		"no token":      {"POST", "/builder/hold/1/epel-9-x86_64/1/1", "", "", 401},
		"no JSON":       {"POST", "/builder/deliver/1/epel-9-x86_64/1/1", auth, "{", 422},
		"a hub's step":  {"POST", "/builder/hold/1/epel-9-x86_64/1/1?at=publish", auth, "", 422},
		"no such task":  {"POST", "/builder/hold/77/epel-9-x86_64/1/0", auth, "", 409},
		"no chroot":     {"GET", "/builder/source/1/..%2f..-9-x86_64/1/1", auth, "", 422},
		"delivery 0":    {"GET", "/builder/source/1/epel-9-x86_64/1/0", auth, "", 409},
		"of no length":  {"PUT", "/builder/file/1/epel-9-x86_64/1/1/x.rpm", auth, "x", 422},
		"escaped name":  {"PUT", "/builder/file/1/epel-9-x86_64/1/1/..%2f..%2fx.rpm", auth, "x", 422},
		"gap":           {"POST", "/builder/log/1/epel-9-x86_64/1/1?offset=5", auth, "x", 409},
		"offset":        {"POST", "/builder/log/1/epel-9-x86_64/1/1?offset=-5", auth, "x", 422},
		"nothing there": {"GET", "/builder/else", auth, "", 404},
		"method":        {"DELETE", "/builder/hold/1/epel-9-x86_64/1/1", auth, "", 405},
	} {
		r, err := http.NewRequestWithContext(t.Context(), tt.method, h.url+tt.path, strings.NewReader(tt.body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", tt.auth)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || res.StatusCode != tt.want {
			t.Errorf("%s: %s: %s", name, res.Status, text)
		}
	}
}

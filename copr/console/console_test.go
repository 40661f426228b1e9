package console_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mirrorctl/copr"
	"mirrorctl/copr/console"
)

var el9, _ = copr.ParseChroot("epel-9-x86_64")

// hub is what stands behind the door: it remembers what was asked, and has one build, 1.
type hub struct {
	asked   string
	changes chan *copr.Build
}

func (h *hub) Projects() []copr.Project {
	return []copr.Project{{Name: copr.ProjectName{Owner: "adrian", Name: "criu"}, Chroots: []copr.Chroot{el9}}}
}

func (h *hub) Submit(_ context.Context, o copr.Order) (*copr.Build, error) {
	if o.Package != "criu" {
		return nil, fmt.Errorf("%w: no %s today", copr.ErrRefused, o.Package)
	}
	return &copr.Build{ID: 1, Package: o.Package, Submitter: o.Submitter}, nil
}

func (h *hub) change(what string, id uint64, chroots []copr.Chroot) (*copr.Build, error) {
	h.asked = fmt.Sprint(what, " ", id, " ", chroots)
	return h.Get(context.Background(), id)
}

func (h *hub) Cancel(_ context.Context, id uint64, who string) (*copr.Build, error) {
	return h.change("cancel by "+who, id, nil)
}
func (h *hub) Retry(_ context.Context, id uint64, c []copr.Chroot) (*copr.Build, error) {
	return h.change("retry", id, c)
}
func (h *hub) Promote(_ context.Context, id uint64, c []copr.Chroot) (*copr.Build, error) {
	return h.change("promote", id, c)
}

func (h *hub) Get(_ context.Context, id uint64) (*copr.Build, error) {
	if id != 1 {
		return nil, fmt.Errorf("build %d: %w", id, fs.ErrNotExist)
	}
	return &copr.Build{ID: 1, Package: "criu", State: copr.Running}, nil
}

func (h *hub) List(q copr.Query) []*copr.Build {
	h.asked = fmt.Sprint("list ", q.Project, " ", q.Package, " ", q.State, " ", q.Before, " ", q.Limit)
	return nil
}

func (h *hub) Watch(context.Context) <-chan *copr.Build { return h.changes }

func (h *hub) Open(_ context.Context, id uint64, c copr.Chroot, follow bool) (io.ReadCloser, error) {
	return io.NopCloser(strings.NewReader(fmt.Sprint("log of ", id, " ", c, " ", follow))), nil
}

func (h *hub) Builders(context.Context) ([]console.Builder, error) {
	return []console.Builder{{Name: "arm1", Arches: []string{"aarch64"}}}, nil
}

// open serves a hub on a socket in a deep directory, and returns its client.
func open(t *testing.T) (*hub, *console.Client) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("deep/", 25))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	h := &hub{changes: make(chan *copr.Build)}
	name := filepath.Join(dir, "console.sock")
	s := console.Server{Hub: h, Records: h, Logs: h, Builders: h, Log: slog.New(slog.DiscardHandler)}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- s.Serve(ctx, name) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
	for st, err := os.Stat(name); ; st, err = os.Stat(name) {
		if err == nil && st.Mode().Perm() == 0o600 {
			return h, console.Dial(name)
		}
		time.Sleep(time.Millisecond)
	}
}

func TestQuestions(t *testing.T) {
	h, c := open(t)
	if all, err := c.Projects(t.Context()); err != nil || len(all) != 1 || all[0].Name.String() != "adrian/criu" || all[0].Chroots[0] != el9 {
		t.Errorf("%+v, %v", all, err)
	}
	if all, err := c.Builders(t.Context()); err != nil || len(all) != 1 || all[0].Name != "arm1" {
		t.Errorf("%+v, %v", all, err)
	}
	q := copr.Query{Project: copr.ProjectName{Owner: "a", Name: "b"}, Package: "criu", State: copr.Failed, Before: 7, Limit: 3}
	if all, err := c.Builds(t.Context(), q); err != nil || all == nil || h.asked != "list a/b criu failed 7 3" {
		t.Errorf("%v, %v, %s", all, err, h.asked)
	}
	if b, err := c.Build(t.Context(), 1); err != nil || b.Package != "criu" {
		t.Errorf("%+v, %v", b, err)
	}
	log, err := c.Log(t.Context(), 1, el9, true)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(log); err != nil || string(text) != "log of 1 epel-9-x86_64 true" {
		t.Errorf("%q, %v", text, err)
	}
}

func TestOrders(t *testing.T) {
	h, c := open(t)
	if b, err := c.Submit(t.Context(), copr.Order{Package: "criu", Submitter: "eve"}); err != nil || b.Submitter != "eve" {
		t.Errorf("%+v, %v", b, err)
	}
	// What the hub says comes through, in words and in kind.
	if _, err := c.Submit(t.Context(), copr.Order{Package: "vlc"}); !errors.Is(err, copr.ErrRefused) || !strings.Contains(err.Error(), "no vlc today") {
		t.Error(err)
	}
	if _, err := c.Build(t.Context(), 2); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	for what, want := range map[string]string{"cancel": "cancel by eve 1 []", "retry": "retry 1 [epel-9-x86_64]", "promote": "promote 1 [epel-9-x86_64]"} {
		if _, err := c.Change(t.Context(), 1, what, console.Choice{Who: "eve", Chroots: []copr.Chroot{el9}}); err != nil || h.asked != want {
			t.Errorf("%s: %v, asked %q", what, err, h.asked)
		}
	}
}

// A watch begins with the build as it is and ends with it; other builds are none of its business.
func TestWatch(t *testing.T) {
	h, c := open(t)
	go func() {
		h.changes <- &copr.Build{ID: 2, State: copr.Failed}
		h.changes <- &copr.Build{ID: 1, State: copr.Running, Reason: "second"}
		h.changes <- &copr.Build{ID: 1, State: copr.Succeeded}
	}()
	var seen []string
	for b, err := range c.Watch(t.Context(), 1) {
		if err != nil {
			t.Fatal(err)
		}
		seen = append(seen, fmt.Sprint(b.ID, b.State, b.Reason))
	}
	if got := strings.Join(seen, " "); got != "1running 1runningsecond 1succeeded" {
		t.Error(got)
	}
	for _, err := range c.Watch(t.Context(), 2) {
		if !errors.Is(err, fs.ErrNotExist) {
			t.Error(err)
		}
	}
	go close(h.changes) // the hub stops
	for b, err := range c.Watch(t.Context(), 1) {
		if err == nil && b.State.Ended() {
			t.Errorf("ended: %+v", b)
		}
	}
}

func TestNobodyThere(t *testing.T) {
	if _, err := console.Dial(filepath.Join(t.TempDir(), "none.sock")).Projects(t.Context()); !errors.Is(err, console.ErrNoHub) {
		t.Error(err)
	}
}

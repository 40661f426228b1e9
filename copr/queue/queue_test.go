package queue_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"mirrorctl/copr"
	"mirrorctl/copr/queue"
)

func open(t testing.TB, c queue.Config) *queue.Queue {
	t.Helper()
	if c.Dir == "" {
		c.Dir = t.TempDir()
	}
	q, err := queue.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := q.Close(); err != nil {
			t.Error(err)
		}
	})
	return q
}

func chroot(t testing.TB, s string) copr.Chroot {
	t.Helper()
	c, err := copr.ParseChroot(s)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func newBuild(t testing.TB, project string, chroots ...string) *copr.Build {
	t.Helper()
	p, err := copr.ParseProjectName(project)
	if err != nil {
		t.Fatal(err)
	}
	b := &copr.Build{Project: p, Package: "criu", Channel: copr.Testing, SRPM: copr.File{Name: "criu-1-1.src.rpm", Size: 1, SHA256: "00"}}
	for _, c := range chroots {
		b.Chroots = append(b.Chroots, copr.BuildChroot{Chroot: chroot(t, c), State: copr.Pending})
	}
	return b
}

func create(t testing.TB, q *queue.Queue, b *copr.Build) *copr.Build {
	t.Helper()
	if err := q.Ledger().Create(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	return b
}

// Numbers are given once, whoever asks at the same time, and not again after a restart.
func TestNumbers(t *testing.T) {
	dir := t.TempDir()
	seen := map[uint64]bool{}
	for range 2 {
		q, err := queue.Open(t.Context(), queue.Config{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				for range 5 {
					b := newBuild(t, "a/b", "epel-9-x86_64")
					if err := q.Ledger().Create(t.Context(), b); err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					if seen[b.ID] {
						t.Errorf("%d was given twice", b.ID)
					}
					seen[b.ID] = true
					mu.Unlock()
				}
			})
		}
		all.Wait()
		if n := len(q.Ledger().List(copr.Query{})); n != len(seen) {
			t.Errorf("%d records, want %d", n, len(seen))
		}
		if err := q.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for id := range uint64(80) {
		if !seen[id+1] {
			t.Errorf("no build %d", id+1)
		}
	}
}

// Changes by many at once are all made, each on what the other left.
func TestUpdateOfMany(t *testing.T) {
	q := open(t, queue.Config{})
	b := create(t, q, newBuild(t, "a/b", "epel-9-x86_64"))
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 5 {
				err := q.Ledger().Update(t.Context(), b.ID, func(b *copr.Build) error {
					b.Reason += "x"
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	got, err := q.Ledger().Get(t.Context(), b.ID)
	if err != nil || len(got.Reason) != 40 {
		t.Errorf("%d changes of 40, %v", len(got.Reason), err)
	}
	if _, err := q.Ledger().Get(t.Context(), 99); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("build 99: %v", err)
	}
}

func TestWhatMayNotChange(t *testing.T) {
	q := open(t, queue.Config{})
	l := q.Ledger()
	b := create(t, q, newBuild(t, "a/b", "epel-9-x86_64"))
	set := func(s copr.State) func(*copr.Build) error {
		return func(b *copr.Build) error { b.Chroots[0].State = s; return nil }
	}
	for _, s := range []copr.State{copr.Starting, copr.Running, copr.Failed} {
		if err := l.Update(t.Context(), b.ID, set(s)); err != nil {
			t.Fatal(err)
		}
	}
	got, err := l.Get(t.Context(), b.ID)
	if err != nil || got.State != copr.Failed || got.Ended == nil || got.Chroots[0].Ended == nil {
		t.Errorf("after an end: %+v, %v", got, err)
	}
	for name, change := range map[string]func(*copr.Build) error{
		"from failed to running":      set(copr.Running),
		"a retry of the same attempt": set(copr.Pending),
		"another number":              func(b *copr.Build) error { b.ID++; return nil },
		"another package":             func(b *copr.Build) error { b.Package = "x"; return nil },
		"without the chroot":          func(b *copr.Build) error { b.Chroots = nil; return nil },
		"too long":                    func(b *copr.Build) error { b.Submitter = string(make([]byte, 1<<20)); return nil },
	} {
		if err := l.Update(t.Context(), b.ID, change); err == nil {
			t.Errorf("%s: was done", name)
		}
	}
	if err := l.Create(t.Context(), &copr.Build{Package: "x"}); err == nil {
		t.Error("a build of no project was recorded: nobody could read it")
	}
	if err := q.Retry(t.Context(), b.ID); err != nil {
		t.Fatal(err)
	}
	got, err = l.Get(t.Context(), b.ID)
	if err != nil || got.State != copr.Pending || got.Chroots[0].Attempt != 1 || got.Ended != nil {
		t.Errorf("after a retry: %+v, %v", got, err)
	}
	if err := q.Retry(t.Context(), b.ID); !errors.Is(err, queue.ErrState) {
		t.Errorf("retry of what waits: %v", err)
	}
}

func TestList(t *testing.T) {
	q := open(t, queue.Config{})
	for i := range 6 {
		create(t, q, newBuild(t, []string{"a/b", "@c/d"}[i%2], []string{"epel-9-x86_64", "fedora-44-s390x"}[i/3]))
	}
	if err := q.Cancel(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		query copr.Query
		want  []uint64
	}{
		"all":      {copr.Query{}, []uint64{6, 5, 4, 3, 2, 1}},
		"page":     {copr.Query{Limit: 2}, []uint64{6, 5}},
		"next":     {copr.Query{Limit: 2, Before: 5}, []uint64{4, 3}},
		"project":  {copr.Query{Project: copr.ProjectName{Owner: "@c", Name: "d"}}, []uint64{6, 4, 2}},
		"chroot":   {copr.Query{Chroot: chroot(t, "epel-9-x86_64")}, []uint64{3, 2, 1}},
		"canceled": {copr.Query{State: copr.Canceled}, []uint64{2}},
		"package":  {copr.Query{Package: "none"}, nil},
	} {
		var got []uint64
		for _, b := range q.Ledger().List(tt.query) {
			got = append(got, b.ID)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}

// A reader that is slow gets the newest of each build, in the end.
func TestWatch(t *testing.T) {
	q := open(t, queue.Config{})
	ctx, cancel := context.WithCancel(t.Context())
	changes := q.Ledger().Watch(ctx)
	b := create(t, q, newBuild(t, "a/b", "epel-9-x86_64"))
	for i := range 50 {
		if err := q.Ledger().Update(t.Context(), b.ID, func(b *copr.Build) error { b.Reason = fmt.Sprint(i); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	for c := range changes {
		n++
		if c.Reason == "49" {
			break
		}
	}
	if n > 5 {
		t.Errorf("a reader that slept got %d records of one build", n)
	}
	cancel()
	for range changes {
	}
}

// Two hubs on one directory would write over each other.
func TestOneHub(t *testing.T) {
	dir := t.TempDir()
	open(t, queue.Config{Dir: dir})
	if q, err := queue.Open(t.Context(), queue.Config{Dir: dir}); err == nil {
		q.Close()
		t.Error("a second hub opened the directory")
	}
}

type composer struct{ fail string }

func (c composer) Compose(_ context.Context, b *copr.Build, _ copr.Chroot) (copr.Task, error) {
	if c.fail != "" {
		return copr.Task{}, errors.New(c.fail)
	}
	return copr.Task{Project: b.Project, Package: b.Package, SRPM: b.SRPM}, nil
}

func schedule(t *testing.T, s *queue.Scheduler) {
	t.Helper()
	s.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("the scheduler ended with %v", err)
		}
	})
}

func next(t *testing.T, tasks *queue.Tasks, within time.Duration) (copr.Task, context.Context) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	timer := time.AfterFunc(within, cancel)
	task, own, err := tasks.Next(ctx)
	if !timer.Stop() || err != nil {
		t.Fatalf("no task within %s: %v", within, err)
	}
	t.Cleanup(cancel)
	return task, own
}

// A task goes to the builder of its architecture, comes again when that is silent, and not when it is done.
func TestTasks(t *testing.T) {
	q := open(t, queue.Config{AckWait: time.Second})
	schedule(t, &queue.Scheduler{Queue: q, Composer: composer{}})
	a, err := q.Tasks([]string{"x86_64", "aarch64"})
	if err != nil {
		t.Fatal(err)
	}
	other, err := q.Tasks([]string{"s390x"})
	if err != nil {
		t.Fatal(err)
	}
	second, err := q.Tasks([]string{"x86_64"})
	if err != nil {
		t.Fatal(err)
	}
	b := create(t, q, newBuild(t, "a/b", "epel-9-x86_64", "fedora-44-s390x"))
	task, _ := next(t, a, 5*time.Second)
	if task.ID() != "1/epel-9-x86_64/1" || task.SRPM != b.SRPM {
		t.Errorf("got %+v", task)
	}
	if task, _ := next(t, other, 5*time.Second); task.ID() != "1/fedora-44-s390x/1" {
		t.Errorf("got %+v", task)
	}
	// It says that it works for longer than the queue waits: nobody else gets it.
	ctx, cancel := context.WithTimeout(t.Context(), 2500*time.Millisecond)
	defer cancel()
	tick := time.NewTicker(300 * time.Millisecond)
	defer tick.Stop()
	go func() {
		for range tick.C {
			if a.Working(task) != nil || ctx.Err() != nil {
				return
			}
		}
	}()
	if task, _, err := second.Next(ctx); err == nil {
		t.Fatalf("%s came again though it is worked on", task.ID())
	}
	again, _ := next(t, second, 5*time.Second)
	if again.ID() != task.ID() {
		t.Errorf("got %+v", again)
	}
	if err := second.Return(t.Context(), again, 0); err != nil {
		t.Fatal(err)
	}
	again, _ = next(t, second, 5*time.Second)
	if err := second.Done(t.Context(), again); err != nil {
		t.Fatal(err)
	}
}

// A word to stop reaches the builder at once, and a task that waits is not offered any more.
func TestCancel(t *testing.T) {
	q := open(t, queue.Config{})
	schedule(t, &queue.Scheduler{Queue: q, Composer: composer{}, Window: 1})
	a, err := q.Tasks([]string{"x86_64"})
	if err != nil {
		t.Fatal(err)
	}
	first := create(t, q, newBuild(t, "a/b", "epel-9-x86_64"))
	task, own := next(t, a, 5*time.Second)
	err = q.Ledger().Update(t.Context(), first.ID, func(b *copr.Build) error { b.Chroots[0].State = copr.Starting; return nil })
	if err != nil {
		t.Fatal(err)
	}
	second := create(t, q, newBuild(t, "a/b", "epel-9-x86_64"))
	third := create(t, q, newBuild(t, "a/b", "epel-9-x86_64"))
	for q.Ledger().List(copr.Query{})[1].Chroots[0].Offered == nil {
		time.Sleep(time.Millisecond)
	}
	if err := q.Cancel(t.Context(), second.ID); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	if err := q.Cancel(t.Context(), first.ID); err != nil {
		t.Fatal(err)
	}
	<-own.Done()
	if !errors.Is(context.Cause(own), copr.ErrLost) {
		t.Errorf("cause: %v", context.Cause(own))
	}
	t.Logf("the builder was told in %s", time.Since(begin))
	if time.Since(begin) > time.Second {
		t.Errorf("it took %s", time.Since(begin))
	}
	begin = time.Now()
	if err := a.Done(t.Context(), task); err != nil {
		t.Errorf("answer to a task that was withdrawn: %v", err)
	}
	t.Logf("the answer took %s", time.Since(begin))
	if task, _ := next(t, a, 5*time.Second); task.Build != third.ID {
		t.Errorf("got build %d, want %d", task.Build, third.ID)
	}
	if err := q.Cancel(t.Context(), first.ID); !errors.Is(err, queue.ErrState) {
		t.Errorf("canceled twice: %v", err)
	}
}

// What cannot be composed fails with the reason.
func TestComposeFails(t *testing.T) {
	q := open(t, queue.Config{})
	schedule(t, &queue.Scheduler{Queue: q, Composer: composer{"no such profile"}})
	changes := q.Ledger().Watch(t.Context())
	create(t, q, newBuild(t, "a/b", "epel-9-x86_64"))
	for b := range changes {
		if b.State == copr.Failed {
			if r := b.Chroots[0].Reason; r != "no such profile" {
				t.Errorf("reason %q", r)
			}
			return
		}
	}
}

// What was offered before a restart is offered once; what the stream has lost comes again.
func TestOffersSurvive(t *testing.T) {
	dir := t.TempDir()
	q, err := queue.Open(t.Context(), queue.Config{Dir: dir, AckWait: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	s := &queue.Scheduler{Queue: q, Composer: composer{}, Log: slog.New(slog.DiscardHandler)}
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	for range 3 {
		create(t, q, newBuild(t, "a/b", "epel-9-x86_64"))
	}
	for _, b := range q.Ledger().List(copr.Query{}) {
		for b.Chroots[0].Offered == nil {
			time.Sleep(time.Millisecond)
			b, err = q.Ledger().Get(t.Context(), b.ID)
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	a, err := q.Tasks([]string{"x86_64"})
	if err != nil {
		t.Fatal(err)
	}
	lost, _ := next(t, a, 5*time.Second)
	// Ended towards the queue, and not towards the record.
	if err := a.Done(t.Context(), lost); err != nil {
		t.Fatal(err)
	}
	cancel()
	<-done
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}

	q = open(t, queue.Config{Dir: dir, AckWait: time.Minute})
	schedule(t, &queue.Scheduler{Queue: q, Composer: composer{}})
	if a, err = q.Tasks([]string{"x86_64"}); err != nil {
		t.Fatal(err)
	}
	var got []string
	for range 3 {
		task, _ := next(t, a, 5*time.Second)
		got = append(got, task.ID())
	}
	slices.Sort(got)
	if want := []string{"1/epel-9-x86_64/1", "2/epel-9-x86_64/1", "3/epel-9-x86_64/1"}; !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
	ctx, cancel = context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if task, _, err := a.Next(ctx); err == nil {
		t.Errorf("%s was offered twice", task.ID())
	}
}

type keys map[string]string

func (k keys) Check(name, token string) ([]string, bool) {
	return []string{"aarch64"}, token != "" && k[name] == token
}

// A builder elsewhere gets what is for its architecture, and may do nothing else.
func TestListener(t *testing.T) {
	q := open(t, queue.Config{Listen: "127.0.0.1:0", Keys: keys{"b1": "secret"}})
	schedule(t, &queue.Scheduler{Queue: q, Composer: composer{}})
	create(t, q, newBuild(t, "a/b", "epel-9-x86_64", "epel-9-aarch64"))
	b1, err := queue.Dial(t.Context(), queue.DialConfig{URL: q.URL(), Name: "b1", Token: "secret", Arches: []string{"aarch64"}})
	if err != nil {
		t.Fatal(err)
	}
	task, own := next(t, b1, 5*time.Second)
	if task.ID() != "1/epel-9-aarch64/1" {
		t.Errorf("got %s", task.ID())
	}
	if err := b1.Working(task); err != nil {
		t.Error(err)
	}
	if err := q.Cancel(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	select {
	case <-own.Done():
	case <-time.After(time.Second):
		t.Error("the builder was not told within a second")
	}
	if err := b1.Done(t.Context(), task); err != nil {
		t.Error(err)
	}
	if err := b1.Close(); err != nil {
		t.Error(err)
	}
	create(t, q, newBuild(t, "a/b", "epel-9-x86_64", "epel-9-aarch64"))
	for name, c := range map[string]queue.DialConfig{
		"another's architecture": {Name: "b1", Token: "secret", Arches: []string{"x86_64"}},
		"a wrong token":          {Name: "b1", Token: "wrong", Arches: []string{"aarch64"}},
		"no token":               {Name: "b1", Arches: []string{"aarch64"}},
		"the hub's name":         {Name: ":hub", Token: "secret", Arches: []string{"aarch64"}},
	} {
		c.URL = q.URL()
		bad, err := queue.Dial(t.Context(), c)
		if err != nil {
			t.Logf("%s: %v", name, err)
			continue
		}
		ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		if task, _, err := bad.Next(ctx); err == nil {
			t.Errorf("%s: got %s", name, task.ID())
		}
		cancel()
		if err := bad.Close(); err != nil {
			t.Logf("%s: %v", name, err)
		}
	}
}

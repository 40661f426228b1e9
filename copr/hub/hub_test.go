package hub_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mirrorctl/copr"
	"mirrorctl/copr/hub"
	"mirrorctl/mirror"
)

var (
	el9, _  = copr.ParseChroot("epel-9-x86_64")
	f44, _  = copr.ParseChroot("fedora-44-x86_64")
	el7, _  = copr.ParseChroot("epel-7-x86_64")
	project = copr.ProjectName{Owner: "adrian", Name: "criu"}
)

// good is what a builder delivers where all went well.
var good = copr.Result{Gates: []copr.Report{{Gate: "criu", Runner: "kernel", Arch: "x86_64", Checks: []copr.Check{{Name: "dump-restore", Verdict: copr.Pass}}}}}

func gated(checks ...copr.Check) copr.Result {
	return copr.Result{Gates: []copr.Report{{Gate: "criu", Runner: "kernel", Arch: "x86_64", Checks: checks}}}
}

// stage is a hub that runs.
type stage struct {
	*hub.Hub
	*ports
	ledger *ledger
	t      *testing.T
}

func declared() copr.Project {
	return copr.Project{
		Name: project, Chroots: []copr.Chroot{el7, el9, f44}, Publish: copr.Publish{Keep: 2},
		Packages: []copr.Package{{
			Name: "criu", Version: "4.2.1", Gate: "criu", Channel: copr.Testing,
			Allowed: copr.Allowed{"x86_64/kernel": {"pre-dump"}},
			Exclude: []copr.Exclude{{Chroots: []string{"*-s390x"}, Reason: "no"}},
		}},
	}
}

// run gives test a hub in a world where time passes at once.
func run(t *testing.T, change func(*copr.Project), test func(s *stage)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := declared()
		if change != nil {
			change(&p)
		}
		world := &ports{trouble: map[string][]error{}, tree: map[string]bool{}, kept: map[string][]uint64{}, ended: mirror.Release{Product: "epel", Version: "7"}}
		l := &ledger{}
		h := hub.New([]copr.Project{p}, hub.Options{
			Ledger: l, Importer: world, Inbox: world, Checker: world, Signer: world, Tree: world, Releases: world, Upstream: world,
			Staging: t.TempDir(), Log: slog.New(slog.DiscardHandler),
		})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- h.Run(ctx) }()
		test(&stage{h, world, l, t})
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func (s *stage) submit() uint64 {
	s.t.Helper()
	b, err := s.Submit(s.t.Context(), copr.Order{Project: project, Package: "criu"})
	if err != nil {
		s.t.Fatal(err)
	}
	synctest.Wait()
	return b.ID
}

// settled waits until nothing moves any more, troubles included.
func (s *stage) settled(id uint64) *copr.Build {
	time.Sleep(time.Minute)
	synctest.Wait()
	b, err := s.ledger.Get(s.t.Context(), id)
	if err != nil {
		s.t.Fatal(err)
	}
	return b
}

func (s *stage) want(id uint64, chroot copr.Chroot, state copr.State, reason string) {
	s.t.Helper()
	b := s.settled(id)
	c := b.Chroot(chroot)
	if c.State != state || !strings.Contains(c.Reason, reason) {
		s.t.Errorf("%s: %s (%s), want %s (…%s…)", chroot, c.State, c.Reason, state, reason)
	}
}

func (s *stage) offered() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(slices.Sorted(maps.Keys(s.tree)), ", ")
}

func TestBuild(t *testing.T) {
	run(t, nil, func(s *stage) {
		id := s.submit()
		s.want(id, el7, copr.Skipped, "epel-7 is archived")
		s.want(id, el9, copr.Pending, "")
		s.ledger.deliver(id, good, el9, f44)
		s.want(id, el9, copr.Succeeded, "")
		s.want(id, f44, copr.Succeeded, "")
		if got := s.offered(); got != "testing epel-9-x86_64 1, testing fedora-44-x86_64 1" {
			t.Errorf("offered: %s", got)
		}
		if b := s.settled(id); b.State != copr.Succeeded || b.Ended == nil || b.EVR != "1-1" {
			t.Errorf("%+v", b)
		}
		// Promotion by hand, and only of what there is.
		if _, err := s.Hub.Promote(t.Context(), id, []copr.Chroot{el9}); err != nil {
			t.Error(err)
		}
		if got := s.offered(); !strings.Contains(got, "stable epel-9-x86_64 1") || strings.Contains(got, "stable fedora") {
			t.Errorf("offered: %s", got)
		}
		if _, err := s.Hub.Promote(t.Context(), id, []copr.Chroot{el7}); !errors.Is(err, copr.ErrRefused) {
			t.Errorf("promoted what was skipped: %v", err)
		}
	})
}

// What is not proven is not offered, and its log is kept.
func TestRefusals(t *testing.T) {
	for _, tt := range []struct {
		name   string
		result copr.Result
		step   string // of the hub, that refuses
		reason string
	}{
		{name: "build fails", result: copr.Result{Outcome: copr.Outcome{Exit: 1, Reason: "no such header"}}, reason: "no such header"},
		{name: "killed", result: copr.Result{Outcome: copr.Outcome{Exit: 137}}, reason: "status 137"},
		{name: "no gate", result: copr.Result{}, reason: "gate criu did not run"},
		{name: "another gate", result: copr.Result{Gates: []copr.Report{{Gate: "install", Checks: []copr.Check{{Name: "a", Verdict: copr.Pass}}}}}, reason: "gate criu did not run"},
		{name: "gate fails", result: gated(copr.Check{Name: "dump-restore", Verdict: copr.Fail, Reason: "lost"}), reason: "dump-restore failed: lost"},
		{name: "skip", result: gated(copr.Check{Name: "dump-restore", Verdict: copr.Pass}, copr.Check{Name: "page-server", Verdict: copr.Skip}), reason: "page-server was skipped"},
		{name: "sign", result: good, step: "sign", reason: "wrong name"},
		{name: "publish", result: good, step: "publish", reason: "wrong name"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			run(t, nil, func(s *stage) {
				s.trouble[tt.step] = []error{fmt.Errorf("%w: wrong name", copr.ErrRefused)}
				id := s.submit()
				s.ledger.deliver(id, tt.result, el9)
				s.want(id, el9, copr.Failed, tt.reason)
				if got := s.offered(); got != "log epel-9-x86_64 1" {
					t.Errorf("offered: %s", got)
				}
			})
		})
	}
	run(t, nil, func(s *stage) {
		id := s.submit()
		s.ledger.deliver(id, gated(copr.Check{Name: "dump-restore", Verdict: copr.Pass}, copr.Check{Name: "pre-dump", Verdict: copr.Skip}), el9)
		s.want(id, el9, copr.Succeeded, "") // that skip is allowed
	})
}

// A trouble of the hub's own fails no build: the step is taken again, also where it had done its work.
func TestTroubles(t *testing.T) {
	for _, step := range []string{"import", "check", "sign", "publish"} {
		for _, trouble := range []error{errors.New("disk full"), errButDone} {
			t.Run(step+" "+trouble.Error(), func(t *testing.T) {
				run(t, nil, func(s *stage) {
					s.trouble[step] = []error{trouble, trouble}
					id := s.submit()
					s.settled(id)
					s.ledger.deliver(id, good, el9)
					s.want(id, el9, copr.Succeeded, "")
				})
			})
		}
	}
}

func TestSourceThatCannotBeMade(t *testing.T) {
	run(t, nil, func(s *stage) {
		s.trouble["import"] = []error{fmt.Errorf("%w: wrong sum", copr.ErrRefused)}
		id := s.submit()
		s.want(id, el9, copr.Failed, "wrong sum")
		// Another attempt begins with the source.
		if _, err := s.Retry(t.Context(), id, nil); err != nil {
			t.Fatal(err)
		}
		s.want(id, el9, copr.Pending, "")
	})
}

func TestCancelAndRetry(t *testing.T) {
	run(t, nil, func(s *stage) {
		id := s.submit()
		if _, err := s.Cancel(t.Context(), id, "eve"); err != nil {
			t.Fatal(err)
		}
		s.want(id, el9, copr.Canceled, "by eve")
		if _, err := s.Cancel(t.Context(), id, "eve"); !errors.Is(err, copr.ErrRefused) {
			t.Errorf("canceled twice: %v", err)
		}
		if _, err := s.Retry(t.Context(), id, []copr.Chroot{f44}); err != nil {
			t.Fatal(err)
		}
		s.want(id, f44, copr.Pending, "")
		s.want(id, el9, copr.Canceled, "")
		s.ledger.deliver(id, good, f44)
		s.want(id, f44, copr.Succeeded, "")
	})
}

func TestAllOrNothing(t *testing.T) {
	together := func(p *copr.Project) { p.Publish.AllOrNothing = true }
	run(t, together, func(s *stage) {
		id := s.submit()
		s.ledger.deliver(id, good, el9)
		s.want(id, el9, copr.Running, "") // it waits for the other
		if got := s.offered(); got != "" {
			t.Errorf("offered: %s", got)
		}
		s.ledger.deliver(id, good, f44)
		s.want(id, el9, copr.Succeeded, "")
		s.want(id, f44, copr.Succeeded, "")
	})
	run(t, together, func(s *stage) {
		id := s.submit()
		s.ledger.deliver(id, good, el9)
		s.settled(id)
		s.ledger.deliver(id, copr.Result{Outcome: copr.Outcome{Exit: 1}}, f44)
		s.want(id, el9, copr.Failed, "fedora-44-x86_64 is failed")
		if got := s.offered(); strings.Contains(got, "testing") {
			t.Errorf("offered: %s", got)
		}
	})
	// What was good when it was delivered is not when the last one comes.
	run(t, together, func(s *stage) {
		id := s.submit()
		s.ledger.deliver(id, good, el9)
		s.settled(id)
		s.mu.Lock()
		s.trouble["sign"] = []error{nil, fmt.Errorf("%w: a byte differs", copr.ErrRefused)}
		s.mu.Unlock()
		s.ledger.deliver(id, good, f44)
		s.want(id, el9, copr.Failed, "a byte differs")
		s.want(id, f44, copr.Failed, "epel-9-x86_64 is failed")
		if got := s.offered(); strings.Contains(got, "testing") {
			t.Errorf("offered: %s", got)
		}
	})
}

// What is archived while it is built is not published, and what is promoted into is not archived.
func TestArchivedMeanwhile(t *testing.T) {
	run(t, func(p *copr.Project) { p.Publish.PromoteAfter = time.Hour }, func(s *stage) {
		first, second := s.submit(), s.submit()
		s.ledger.deliver(first, good, el9, f44)
		s.settled(first)
		s.mu.Lock()
		s.ended = el9.Release()
		s.mu.Unlock()
		s.ledger.deliver(second, good, el9, f44)
		s.want(second, el9, copr.Skipped, "epel-9 is archived")
		s.want(second, f44, copr.Succeeded, "")
		if _, err := s.Hub.Promote(t.Context(), first, []copr.Chroot{el9}); !errors.Is(err, copr.ErrRefused) || !strings.Contains(err.Error(), "epel-9 is archived") {
			t.Errorf("promoted: %v", err)
		}
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if got := s.offered(); strings.Contains(got, "stable epel-9") || !strings.Contains(got, "stable fedora-44-x86_64 2") {
			t.Errorf("offered: %s", got)
		}
	})
}

func TestPromotionByRule(t *testing.T) {
	run(t, func(p *copr.Project) { p.Publish.PromoteAfter = time.Hour }, func(s *stage) {
		first := s.submit()
		s.ledger.deliver(first, good, el9, f44)
		s.settled(first)
		second := s.submit()
		s.ledger.deliver(second, copr.Result{Outcome: copr.Outcome{Exit: 1}}, el9)
		s.ledger.deliver(second, good, f44)
		s.settled(second)
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		// The first is whole, the second is not: it stays in testing for ever.
		if got := s.offered(); !strings.Contains(got, "stable epel-9-x86_64 1, stable fedora-44-x86_64 1") || strings.Contains(got, "stable fedora-44-x86_64 2") {
			t.Errorf("offered: %s", got)
		}
	})
}

func TestRetention(t *testing.T) {
	run(t, nil, func(s *stage) {
		for range 3 {
			s.ledger.deliver(s.submit(), good, el9)
			s.settled(1)
		}
		if got := s.kept["testing epel-9-x86_64"]; !slices.Equal(got, []uint64{3, 2}) {
			t.Errorf("kept: %v", got)
		}
	})
}

// A version that shows upstream is built once, whatever becomes of it.
func TestUpstream(t *testing.T) {
	run(t, func(p *copr.Project) { p.Packages[0].Watch.Directory = "there" }, func(s *stage) {
		for _, version := range []string{"4.1", "4.2.1", "4.3", "4.3", "4.2"} {
			s.mu.Lock()
			s.newest = version
			s.mu.Unlock()
			time.Sleep(time.Hour)
			synctest.Wait()
		}
		var got []string
		for _, b := range s.ledger.List(copr.Query{}) {
			got = append(got, b.Version)
		}
		if strings.Join(got, " ") != "4.3 4.2.1" {
			t.Errorf("built: %v", got)
		}
	})
}

func TestOrdersThatCannotBe(t *testing.T) {
	run(t, nil, func(s *stage) {
		var unknown *hub.UnknownError
		for name, o := range map[string]copr.Order{
			"project": {Project: copr.ProjectName{Owner: "a", Name: "b"}, Package: "criu"},
			"package": {Project: project, Package: "crie"},
			"chroot":  {Project: project, Package: "criu", Chroots: []copr.Chroot{{Distribution: "epel", Version: "8", Arch: "x86_64"}}},
		} {
			if _, err := s.Submit(t.Context(), o); !errors.As(err, &unknown) {
				t.Errorf("%s: %v", name, err)
			}
		}
		for name, o := range map[string]copr.Order{
			"channel": {Project: project, Package: "criu", Channel: "nightly"},
			"srpm":    {Project: project, Package: "criu", SRPM: "http://example.org/a.rpm"},
		} {
			if _, err := s.Submit(t.Context(), o); !errors.Is(err, copr.ErrRefused) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := s.ledger.Get(t.Context(), 1); !errors.Is(err, fs.ErrNotExist) {
			t.Error("something was recorded")
		}
	})
}

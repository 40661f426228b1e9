package hub_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"
	"time"

	"mirrorctl/copr"
	"mirrorctl/copr/hub"
	"mirrorctl/mirror"
)

// ledger keeps records in memory, as strictly as the real one: no change of state that may not be.
type ledger struct {
	mu      sync.Mutex
	builds  []*copr.Build
	watches []chan *copr.Build
}

func clone(b *copr.Build) *copr.Build {
	c := *b
	c.Chroots = slices.Clone(b.Chroots)
	return &c
}

func (l *ledger) tell(b *copr.Build) {
	for _, w := range l.watches {
		w <- clone(b)
	}
}

func (l *ledger) Create(_ context.Context, b *copr.Build) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	b.ID = uint64(len(l.builds) + 1)
	l.builds = append(l.builds, clone(b))
	l.tell(b)
	return nil
}

func (l *ledger) Get(_ context.Context, id uint64) (*copr.Build, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if id == 0 || int(id) > len(l.builds) {
		return nil, fs.ErrNotExist
	}
	return clone(l.builds[id-1]), nil
}

func (l *ledger) Update(_ context.Context, id uint64, change func(*copr.Build) error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	was := l.builds[id-1]
	b := clone(was)
	if err := change(b); err != nil {
		return err
	}
	for i, c := range b.Chroots {
		if from := was.Chroots[i].State; from != c.State && !from.May(c.State) {
			return fmt.Errorf("%s: %s may not become %s", c.Chroot, from, c.State)
		}
		if was.Chroots[i].State.Ended() && !c.State.Ended() && c.Attempt == was.Chroots[i].Attempt {
			return fmt.Errorf("%s: attempt %d has ended", c.Chroot, c.Attempt)
		}
	}
	l.builds[id-1] = b
	l.tell(b)
	return nil
}

func (l *ledger) List(q copr.Query) (all []*copr.Build) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, b := range slices.Backward(l.builds) {
		if (q.Package == "" || b.Package == q.Package) && (q.Project == (copr.ProjectName{}) || b.Project == q.Project) {
			all = append(all, clone(b))
		}
	}
	return all
}

func (l *ledger) Watch(context.Context) <-chan *copr.Build {
	l.mu.Lock()
	defer l.mu.Unlock()
	w := make(chan *copr.Build, 1000)
	l.watches = append(l.watches, w)
	return w
}

// deliver is what a builder does to a record.
func (l *ledger) deliver(id uint64, r copr.Result, chroots ...copr.Chroot) {
	for _, c := range chroots {
		for _, s := range []copr.State{copr.Starting, copr.Running} {
			if err := l.Update(context.Background(), id, func(b *copr.Build) error {
				bc := b.Chroot(c)
				if bc.State = s; s == copr.Running {
					result := r
					bc.Attempt, bc.Step, bc.Result = bc.Attempt+1, copr.StepCheck, &result
				}
				b.State = b.Summary()
				return nil
			}); err != nil {
				panic(err)
			}
		}
	}
}

// ports are everything else that a hub needs. trouble is asked before each step; what it returns is the step's error.
type ports struct {
	mu      sync.Mutex
	trouble map[string][]error // by step, each used once
	tree    map[string]bool    // "testing epel-9-x86_64 1"
	kept    map[string][]uint64
	newest  string
	ended   mirror.Release
}

func (p *ports) meet(step string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.trouble[step]) == 0 {
		return nil
	}
	err := p.trouble[step][0]
	p.trouble[step] = p.trouble[step][1:]
	return err
}

func (p *ports) put(key string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tree[key] = true
}

func (p *ports) Import(context.Context, copr.Project, copr.Package, copr.Build) (hub.Imported, error) {
	return hub.Imported{SRPM: copr.File{Name: "a.src.rpm", Size: 1, SHA256: "x"}, EVR: "1-1"}, p.meet("import")
}
func (p *ports) Dir(uint64, copr.Chroot, int) string { return "" }
func (p *ports) Forget(uint64) error                 { return nil }
func (p *ports) Check(context.Context, copr.Project, copr.Build, copr.BuildChroot, string) (copr.Report, error) {
	return copr.Report{Gate: "fit", Runner: "hub", Checks: []copr.Check{{Name: "identity", Verdict: copr.Pass}}}, p.meet("check")
}
func (p *ports) Sign(context.Context, copr.Project, copr.Build, copr.BuildChroot, string, string) error {
	return p.meet("sign")
}
func (p *ports) PublishAll(_ context.Context, _ copr.Project, ch copr.Channel, b copr.Build, dirs map[copr.Chroot]string) error {
	err := p.meet("publish")
	if err == nil || errors.Is(err, errButDone) {
		for c := range dirs {
			p.put(fmt.Sprintf("%s %s %d", ch, c, b.ID))
		}
	}
	return err
}
func (p *ports) Record(_ context.Context, _ copr.Project, _ copr.Channel, b copr.Build, c copr.BuildChroot, _ string) error {
	p.put(fmt.Sprintf("log %s %d", c.Chroot, b.ID))
	return nil
}
func (p *ports) Promote(_ context.Context, _ copr.Project, b copr.Build, c copr.Chroot) error {
	err := p.meet("promote")
	if err == nil {
		p.put(fmt.Sprintf("stable %s %d", c, b.ID))
	}
	return err
}
func (p *ports) Keep(_ context.Context, _ copr.Project, ch copr.Channel, c copr.Chroot, _ string, builds []uint64) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.kept[fmt.Sprintf("%s %s", ch, c)] = builds
	return nil
}
func (p *ports) State(r mirror.Release) mirror.State {
	if r == p.ended {
		return mirror.Archived
	}
	return mirror.Active
}
func (p *ports) Newest(context.Context, copr.Project, copr.Package) (string, time.Duration, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.newest, time.Minute, nil
}
func (p *ports) Newer(a, b string) bool { return a > b }

// errButDone is a step that failed after it had done its work.
var errButDone = errors.New("done, and the answer was lost")

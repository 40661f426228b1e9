package upstream

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"mirrorctl/copr"
	"mirrorctl/internal/egress"
	"mirrorctl/repomd/index"
)

// Target is a package whose upstream is watched.
type Target struct {
	Project copr.ProjectName
	Package string
	Watch   copr.Watch
	Version string // what is declared or built already: only what is newer is found
}

// String names the target: owner/name package.
func (t Target) String() string { return t.Project.String() + " " + t.Package }

// Found is a version that upstream has and Target does not.
type Found struct {
	Target  Target
	Version string
}

// Options of a Watcher.
type Options struct {
	Client  *egress.Client
	State   string   // file that keeps ETags, times and versions
	Allowed []string // directories below which Watch.Directory may lie
	GitHub  string   // default https://api.github.com
	Anitya  string   // default https://release-monitoring.org
	Token   string   // of GitHub; optional: it raises the limit of requests
	// Settle is how long a file of a watched directory must have been left alone: it may still be written. Default 2 s.
	Settle time.Duration
}

// Watcher asks upstreams. One process at a time has the state file.
type Watcher struct {
	o     Options
	state *state
	now   func() time.Time
}

// New makes a watcher, and reads the state that the last one left.
func New(o Options) (*Watcher, error) {
	if o.GitHub == "" {
		o.GitHub = "https://api.github.com"
	}
	if o.Anitya == "" {
		o.Anitya = "https://release-monitoring.org"
	}
	if o.Settle == 0 {
		o.Settle = 2 * time.Second
	}
	s, err := openState(o.State)
	if err != nil {
		return nil, err
	}
	return &Watcher{o: o, state: s, now: time.Now}, nil
}

// Check asks the upstream of t now. Version is its newest, "" where none is newer than t.Version and than what Seen was
// told. An upstream that asked us to wait is not asked before its time.
func (w *Watcher) Check(ctx context.Context, t Target) (version string, err error) {
	key := keyOf(t)
	m := w.state.get(key)
	if now := w.now(); now.Before(m.NotBefore) {
		return "", fmt.Errorf("check %s: upstream asks to wait until %s", t, m.NotBefore.UTC().Format(time.RFC3339))
	}
	m.NotBefore = time.Time{}
	versions, err := w.ask(ctx, t, &m)
	m.Asked = w.now()
	if serr := w.state.put(key, m); serr != nil && err == nil {
		err = serr
	}
	if err != nil {
		return "", fmt.Errorf("check %s: %w", t, err)
	}
	newest := Newest(versions)
	for _, known := range []string{t.Version, m.Seen} {
		if newest == "" || known != "" && index.CompareVersions(newest, known) <= 0 {
			return "", nil
		}
	}
	return newest, nil
}

// Seen records that version of t has been acted upon, so that neither it nor an older one is found again.
func (w *Watcher) Seen(t Target, version string) error {
	key := keyOf(t)
	m := w.state.get(key)
	if m.Seen != "" && index.CompareVersions(version, m.Seen) <= 0 {
		return nil
	}
	m.Seen = version
	return w.state.put(key, m)
}

// ask returns what upstream has. m keeps what makes the next question cheaper.
func (w *Watcher) ask(ctx context.Context, t Target, m *memory) ([]string, error) {
	switch {
	case t.Watch.GitHub != "":
		return w.askGitHub(ctx, t.Watch.GitHub, m)
	case t.Watch.Anitya != "":
		return w.askAnitya(ctx, t.Watch.Anitya, m)
	case t.Watch.Directory != "":
		return w.look(t.Watch.Directory, t.Watch.Pattern)
	}
	return nil, fmt.Errorf("nothing is watched: set one of github, anitya, directory")
}

// Every is how often t is asked: what is declared, within reason, else six hours, or ten seconds for a directory.
func (t Target) Every() time.Duration {
	least, standard := 5*time.Minute, 6*time.Hour
	if t.Watch.Directory != "" {
		least, standard = time.Second, 10*time.Second
	}
	if t.Watch.Every == 0 {
		return standard
	}
	return max(t.Watch.Every, least)
}

// jittered spreads d by a tenth either way: watchers that were started together must not ask together for good.
func jittered(d time.Duration) time.Duration {
	return d - d/10 + rand.N(d/5+1)
}

// Newest returns the newest of versions as rpm orders them; "" for none.
func Newest(versions []string) string {
	if len(versions) == 0 {
		return ""
	}
	return slices.MaxFunc(versions, index.CompareVersions)
}

func keyOf(t Target) string {
	watched := strings.Join([]string{t.Watch.GitHub, t.Watch.Anitya, t.Watch.Directory, t.Watch.Pattern}, "|")
	return t.String() + " " + watched
}

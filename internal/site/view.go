package site

import (
	"fmt"
	"net/url"
	"os"
	"sync"
	"time"

	"mirrorctl/archive"
	"mirrorctl/internal/config"
	"mirrorctl/mirror"
	"mirrorctl/mirror/index"
	"mirrorctl/redirect"
)

// View is everything that one request needs to know. It is immutable.
type View struct {
	config   *config.Config
	calendar *mirror.Calendar
	layout   *mirror.Layout
	index    *index.Index
	doc      *mirror.Document
	catalog  *mirror.Catalog
	targets  *redirect.Targets
	lists    *redirect.Snapshot
	places   places
	aliases  aliases
	traces   map[mirror.Release]*trace
	// Repositories to keep in memory: those that the root answers for, and those that the archive does.
	inRoot, inStore []string
	repositories    []mirror.Repository                          // all of them
	totals          func() map[mirror.Release]index.ReleaseTotal // counted when first asked for
}

// trace is where requests for a release leave what is counted of them, and find what is known of its files.
type trace struct {
	redirects redirectCounters
	root      *rootTime
	manifest  *manifest // nil where the archive has none
}

// View is the newest.
func (s *Site) View() *View { return s.view.Load() }

// Catalog is what the newest View knows of releases and repositories.
func (s *Site) Catalog() *mirror.Catalog { return s.View().Catalog() }

// State is the state of a release, as the newest View has it.
func (s *Site) State(r mirror.Release) mirror.State { return s.View().State(r) }

// Repositories are all that the view knows, those without a name included.
func (v *View) Repositories() []mirror.Repository { return v.repositories }

// Catalog is what the view knows of releases and repositories.
func (v *View) Catalog() *mirror.Catalog { return v.catalog }

// Record is what the state document says of a release; nil where it says nothing.
func (v *View) Record(r mirror.Release) *mirror.Record { return v.doc.Releases[r] }

// Calendar is the calendar of end-of-life dates, with the configuration's changes.
func (v *View) Calendar() *mirror.Calendar { return v.calendar }

// Targets are the addresses that the view answers with.
func (v *View) Targets() *redirect.Targets { return v.targets }

// archived is what the archive's manifest says of p, a path of r.
func (v *View) archived(r mirror.Release, p mirror.Path) (archive.Entry, bool) {
	if t := v.traces[r]; t != nil {
		return t.manifest.lookup(p)
	}
	return archive.Entry{}, false
}

// renew makes a View from the newest index, document and configuration and swaps it in.
func (s *Site) renew() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.renewLocked()
}

func (s *Site) renewLocked() error {
	v, err := compile(s.cfg, s.doc, s.index, s.root.dir, s.trees)
	if err != nil {
		return err
	}
	v.traces = map[mirror.Release]*trace{}
	known := s.manifests.of(s.doc)
	var releases []mirror.Release
	for _, r := range v.catalog.Releases() {
		releases = append(releases, r.Release)
		v.traces[r.Release] = &trace{s.counters.redirectsOf(r.Release), s.last.of(r.Release), known[r.Release]}
	}
	s.edge.SetReleases(releases)
	s.view.Store(v)
	return nil
}

// compile makes a View from what it depends on. Of the root it reads symbolic links alone. trees are those that are open
// whenever its lists ask for them.
func compile(cfg *config.Config, doc *mirror.Document, x *index.Index, root *os.Root, trees func() []*tree) (*View, error) {
	layout, err := cfg.Layout.Compile()
	if err != nil {
		return nil, err
	}
	v := &View{config: cfg, calendar: cfg.Calendar(), layout: layout, index: x, doc: doc}
	found, inRoot := x.Repositories(layout), x.Trees(layout)
	v.catalog = mirror.NewCatalog(layout, doc, found, inRoot...)
	v.aliases = aliasesOf(root, x, layout, inRoot)
	for _, repo := range found {
		if !doc.State(repo.Release).FromArchive() {
			v.inRoot = append(v.inRoot, repo.Dir.FS())
			v.repositories = append(v.repositories, repo)
		}
	}
	for _, r := range doc.Sorted() {
		if rec := doc.Releases[r]; rec.State.FromArchive() {
			for _, repo := range rec.Repositories {
				v.inStore = append(v.inStore, repo.Dir.FS())
				v.repositories = append(v.repositories, repo)
			}
		}
	}
	v.totals = sync.OnceValue(func() map[mirror.Release]index.ReleaseTotal { return x.Totals(layout) })
	var archiveURL *url.URL
	if !cfg.Archive.URL.IsZero() {
		archiveURL = cfg.Archive.URL.URL()
	}
	if v.targets, err = redirect.NewTargets(cfg.PublicURL.URL(), archiveURL, cfg.Archive.Store != ""); err != nil {
		return nil, fmt.Errorf("%s: %w", cfg.File, err)
	}
	v.places = placesOf(cfg, x)
	disabled := map[string]bool{}
	for _, name := range cfg.Lists.Disabled {
		disabled[name] = true
	}
	v.lists = redirect.NewSnapshot(layout, v.catalog, v.targets, metadata{v, trees}, redirect.Options{
		Disabled: disabled, UnknownRepoStatus: cfg.Lists.UnknownStatus, Made: time.Now(),
	})
	return v, nil
}

package site

import (
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

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
	doc      *mirror.Document
	catalog  *mirror.Catalog
	targets  *redirect.Targets
	lists    *redirect.Snapshot
	// The archive is answered below archivePath of this server, and below ownPath of ownHost where the
	// archive's address has a host of its own.
	archivePath, ownPath mirror.Path
	ownHost              string
	redirects            map[mirror.Release]redirectCounters
	// Repositories to keep in memory: those that the root answers for, and those that the archive does.
	inRoot, inStore []string
	repositories    []mirror.Repository                          // all of them
	totals          func() map[mirror.Release]index.ReleaseTotal // counted when first asked for
}

// View is the newest.
func (s *Site) View() *View { return s.view.Load() }

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

// renew makes a View from the newest index, document and configuration and swaps it in.
func (s *Site) renew() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.renewLocked()
}

func (s *Site) renewLocked() error {
	v, err := compile(s.cfg, s.doc, s.index, metadata{s})
	if err != nil {
		return err
	}
	v.redirects = map[mirror.Release]redirectCounters{}
	var releases []mirror.Release
	for _, r := range v.catalog.Releases() {
		releases = append(releases, r.Release)
		v.redirects[r.Release] = s.counters.redirectsOf(r.Release)
	}
	s.edge.SetReleases(releases)
	s.view.Store(v)
	return nil
}

// compile makes a View from what it depends on.
func compile(cfg *config.Config, doc *mirror.Document, x *index.Index, known redirect.Metadata) (*View, error) {
	layout, err := cfg.Layout.Compile()
	if err != nil {
		return nil, err
	}
	v := &View{config: cfg, calendar: cfg.Calendar(), layout: layout, doc: doc}
	found := x.Repositories(layout)
	v.catalog = mirror.NewCatalog(layout, doc, found, x.Trees(layout)...)
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
	v.place(cfg.PublicURL.URL(), cfg.ArchiveURL())
	disabled := map[string]bool{}
	for _, name := range cfg.Lists.Disabled {
		disabled[name] = true
	}
	v.lists = redirect.NewSnapshot(layout, v.catalog, v.targets, known, redirect.Options{
		Disabled: disabled, UnknownRepoStatus: cfg.Lists.UnknownStatus, Made: time.Now(),
	})
	return v, nil
}

// place finds out where this server is asked for the archive.
func (v *View) place(public, archive *url.URL) {
	v.archivePath = "archive"
	if archive.Host != public.Host {
		v.ownHost = strings.ToLower(archive.Host)
		v.ownPath = mirror.Path(strings.Trim(archive.Path, "/"))
		return
	}
	base := strings.Trim(public.Path, "/")
	if rel := strings.Trim(strings.TrimPrefix(strings.Trim(archive.Path, "/"), base), "/"); rel != "" {
		v.archivePath = mirror.Path(rel)
	}
}

// inArchive tells whether a request is for the archive, and for what in it.
func (v *View) inArchive(host string, p mirror.Path) (mirror.Path, bool) {
	if v.ownHost != "" && strings.EqualFold(host, v.ownHost) && p.Under(v.ownPath) {
		return p.Rel(v.ownPath), true
	}
	if p.Under(v.archivePath) {
		return p.Rel(v.archivePath), true
	}
	return p, false
}

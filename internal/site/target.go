package site

import (
	"errors"
	"fmt"
	"time"

	"mirrorctl/archive"
	"mirrorctl/mirror"
)

// ErrUnknownRelease says that neither the root nor the state document knows a release.
var ErrUnknownRelease = errors.New("unknown release")

// Release is what the view knows of one release.
func (v *View) Release(r mirror.Release) (mirror.ReleaseStatus, error) {
	for _, s := range v.catalog.Releases() {
		if s.Release == r {
			return s, nil
		}
	}
	return mirror.ReleaseStatus{}, fmt.Errorf("release %s: %w", r, ErrUnknownRelease)
}

// State is where a release stands.
func (v *View) State(r mirror.Release) mirror.State { return v.doc.State(r) }

// Target is a release as an archiver wants it: its trees, and those of all others. A symbolic link that is but another name
// of one of its trees stays where it is; who asks by it is answered under the right name.
func (v *View) Target(r mirror.Release) (archive.Target, error) {
	t := archive.Target{Release: r}
	s, err := v.Release(r)
	if err != nil {
		return t, err
	}
	t.Repositories = s.Repositories
	for _, tree := range s.Trees {
		if _, alias := v.aliases[tree]; !alias {
			t.Trees = append(t.Trees, tree)
		}
	}
	for _, other := range v.catalog.Releases() {
		if other.Release != r {
			t.Others = append(t.Others, other.Trees...)
		}
	}
	return t, nil
}

// EOL reports whether the calendar says that a release has ended.
func (v *View) EOL(r mirror.Release, now time.Time) bool {
	e, ok := v.calendar.Lookup(r)
	return ok && e.Ended(now)
}

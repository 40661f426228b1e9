//go:build linux

package oracle

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Goal is a state that a job ends in.
type Goal string

// The goals.
const (
	GoalArchived Goal = "archived" // root untouched, archive complete
	GoalPruned   Goal = "pruned"   // trees neither in the root nor in the trash, archive complete
	GoalTrashed  Goal = "trashed"  // trees in the trash, archive complete
	GoalRestored Goal = "restored" // root as at first, archive complete
	GoalAborted  Goal = "aborted"  // root as at first, archive empty
)

var phaseOf = map[Goal]string{
	GoalArchived: Archived, GoalPruned: Pruned, GoalTrashed: Pruned, GoalRestored: Active, GoalAborted: Active,
}

// Ended holds I7: the site is in the one final state that the goal has, whatever was
// lived through. It implies Check.
func (s Site) Ended(goal Goal) ([]string, error) {
	_, violations, err := s.Check()
	if err != nil {
		return nil, err
	}
	c, err := s.look()
	if err != nil {
		return nil, err
	}
	v := &verdict{list: violations}
	if want := phaseOf[goal]; c.phase != want {
		v.add("I7: the state is %s, not %s", c.phase, want)
	}
	release := s.Before.Under(s.Trees...)

	left, stored := s.Before, release
	switch goal {
	case GoalPruned, GoalTrashed:
		left = s.Before.Without(s.Trees...)
	case GoalAborted:
		stored = Snapshot{}
	}
	public := c.root.Public()
	v.all("I7 root", Diff(left.Without("."), public.Without("."), content))
	v.all("I7 root", Diff(left.Under(s.Trees...), public.Under(s.Trees...), Groups))
	v.all("I7 archive", Diff(stored, c.store.Under(s.Trees...), content|DirTimes|Groups))
	if goal == GoalAborted {
		v.all("I7 archive", Diff(Snapshot{}, c.store.Without("."), 0))
	}
	trashed := c.trash.Under(s.Trees...)
	if goal == GoalTrashed {
		v.all("I7 trash", Diff(release, trashed, content|DirTimes|Inodes|Groups))
	} else {
		v.all("I7 trash", Diff(Snapshot{}, trashed, 0))
	}
	return v.list, nil
}

// Litter lists the temporary files in the site's directories. After a recovery there should be none: each
// crash would leave one more for ever. What a running server is writing does not count.
func (s Site) Litter() ([]string, error) {
	var found []string
	dirs := []string{s.Root, s.Archive, s.State}
	if jobs, err := os.Readlink(filepath.Join(s.State, "jobs")); err == nil {
		dirs = append(dirs, jobs)
	}
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			switch {
			case errors.Is(err, fs.ErrNotExist): // it was there a moment ago
				return nil
			case err != nil:
				return err
			}
			rel, err := filepath.Rel(dir, path)
			if strings.Contains(rel, ".mirrorctl-tmp-") && !slices.Contains([]string{"followers", "hot", "index"}, strings.SplitN(rel, "/", 2)[0]) {
				found = append(found, rel)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

package mirror_test

import (
	"slices"
	"testing"

	"mirrorctl/mirror"
)

// The trees of one target, over projects, channels and architectures, are one release: archived together, and
// found afterwards at the same paths. The keys stay with the hub.
func TestCoprTreesAreReleases(t *testing.T) {
	l, err := mirror.BuiltinLayout("copr")
	if err != nil {
		t.Fatal(err)
	}
	trees := []mirror.Path{
		"results/@criu/tools/epel-7-x86_64",
		"results/adrian/criu/epel-7-aarch64",
		"results/adrian/criu/epel-7-x86_64",
		"results/adrian/criu:testing/epel-7-x86_64",
	}
	others := []mirror.Path{"results/adrian/criu/epel-9-x86_64", "results/adrian/criu:testing/fedora-rawhide-x86_64"}
	var found []mirror.Repository
	for _, dir := range slices.Concat(trees, others) {
		place, ok := l.Place(dir)
		if !ok {
			t.Fatalf("no tree holds %s", dir)
		}
		found = append(found, mirror.Repository{RepoID: place.Repo, Dir: place.RepoDir, Release: place.Release})
	}
	seven := mirror.Release{Product: "epel", Version: "7"}
	var repos []mirror.Repository
	for _, r := range found {
		if r.Release == seven {
			repos = append(repos, r)
		}
	}
	doc := &mirror.Document{Releases: map[mirror.Release]*mirror.Record{seven: {State: mirror.Archived, Trees: trees, Repositories: repos}}}
	for name, c := range map[string]*mirror.Catalog{
		"archived": mirror.NewCatalog(l, doc, found),
		"pruned":   mirror.NewCatalog(l, doc, found[len(trees):]),
	} {
		for _, status := range c.Releases() {
			if status.Release == seven && (!slices.Equal(status.Trees, trees) || len(status.Repositories) != len(trees)) {
				t.Errorf("%s: epel-7 has %v and %d repositories", name, status.Trees, len(status.Repositories))
			}
		}
		for path, want := range map[mirror.Path]mirror.State{
			"results/adrian/criu/epel-7-x86_64/repodata/repomd.xml":             mirror.Archived,
			"results/adrian/criu/epel-7-aarch64/00000042-criu/criu-4-1.rpm":     mirror.Archived,
			"results/adrian/criu:testing/epel-7-x86_64/repodata/repomd.xml.asc": mirror.Archived,
			"results/@criu/tools/epel-7-x86_64/repodata/repomd.xml":             mirror.Archived,
			"results/adrian/criu/epel-9-x86_64/repodata/repomd.xml":             mirror.Active,
			"results/adrian/criu/pubkey.gpg":                                    mirror.Active,
			"results/adrian/criu":                                               mirror.Active,
		} {
			if res := c.Resolve(path); res.State != want {
				t.Errorf("%s: %s is %s, want %s", name, path, res.State, want)
			}
		}
		if res := c.Resolve("results/adrian/criu/pubkey.gpg"); res.Known || !res.Release.IsZero() {
			t.Errorf("%s: pubkey.gpg belongs to %v", name, res.Release)
		}
	}
}

package demo

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"mirrorctl/repomd/index"
)

// TestCatalogIsClosed: whatever a package requires is provided by one of the same flavor, distribution and
// architecture; so all of them install into an empty root.
func TestCatalogIsClosed(t *testing.T) {
	for _, d := range allDistributions() {
		for _, flavor := range []string{"free", "nonfree"} {
			for _, arch := range d.arches {
				var all []*pkg
				for _, s := range d.stages() {
					f := &forge{distribution: d, stage: s}
					for i := range catalog {
						c := &catalog[i]
						if c.flavor != flavor || !f.inStage(c) {
							continue
						}
						for j := range c.binaries {
							all = append(all, f.binary(c, &c.binaries[j], arch))
						}
					}
				}
				for _, p := range all {
					for _, need := range p.requires {
						met := slices.ContainsFunc(all, func(q *pkg) bool {
							return slices.ContainsFunc(q.provides, func(d dependency) bool {
								return d.name == need.name && (need.version == "" || need.version == d.version)
							})
						})
						if !met {
							t.Errorf("%s %s: nothing provides %s %s for %s", d, flavor, need.name, need.version, p.fileName())
						}
					}
				}
				if len(all) < 4 {
					t.Errorf("%s %s %s has %d packages", d, flavor, arch, len(all))
				}
			}
		}
	}
}

// TestUpdatesAreNewer: rpm agrees that what an update tree holds is newer.
func TestUpdatesAreNewer(t *testing.T) {
	for _, d := range allDistributions() {
		last := map[string]index.EVR{}
		for _, s := range d.stages() {
			f := &forge{distribution: d, stage: s}
			for i := range catalog {
				c := &catalog[i]
				if !f.inStage(c) {
					continue
				}
				v := index.EVR{Version: f.common(c).version, Release: f.common(c).release}
				if old, ok := last[c.name]; ok && v.Compare(old) < 0 {
					t.Errorf("%s: %s goes from %s back to %s", d, c.name, old, v)
				}
				last[c.name] = v
			}
		}
	}
}

// TestPackagesAreReadable reads each kind of package back, for every distribution.
func TestPackagesAreReadable(t *testing.T) {
	for _, d := range allDistributions() {
		f := &forge{distribution: d, stage: updated, repos: releaseFiles(d.Product, "free", "http://x/", []byte("key"))}
		for i := range catalog {
			c := &catalog[i]
			if !f.inStage(c) {
				continue
			}
			list := []*pkg{f.source(c), f.debuginfo(c, d.arches[1])}
			for j := range c.binaries {
				list = append(list, f.binary(c, &c.binaries[j], d.arches[1]))
			}
			for _, p := range list {
				data, err := p.marshal(func([]byte) ([]byte, error) { return []byte("unsigned"), nil })
				if err != nil {
					t.Fatal(err)
				}
				got, err := index.ReadPackage(bytes.NewReader(data), int64(len(data)))
				if err != nil {
					t.Fatalf("%s: %v", p.fileName(), err)
				}
				if want := strings.TrimSuffix(p.fileName(), ".rpm"); got.NEVRA() != want {
					t.Errorf("%s reads as %s", want, got.NEVRA())
				}
				if p.source != (got.SourceRPM == "") || len(got.Files) != len(p.files) || len(got.Changelogs) == 0 {
					t.Errorf("%s reads as %+v", p.fileName(), got)
				}
			}
		}
	}
}

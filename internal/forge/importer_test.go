package forge

import (
	"testing"

	"mirrorctl/copr"
)

// A declared sum is one version's. What does not move with the version keeps its own.
func TestSourcesOfAnotherVersion(t *testing.T) {
	pkg := copr.Package{Version: "2", Sources: []copr.Source{{URL: "https://example.org/a-{version}.tar.gz", SHA256: "of 2"}, {URL: "https://example.org/key.gpg", SHA256: "of all"}}}
	for version, want := range map[string][2]string{"2": {"of 2", "of all"}, "3": {"", "of all"}} {
		got := sources(pkg, version)
		if got[0].SHA256 != want[0] || got[1].SHA256 != want[1] {
			t.Errorf("version %s: %+v", version, got)
		}
	}
	if pkg.Sources[0].SHA256 != "of 2" {
		t.Error("the declaration was changed")
	}
}

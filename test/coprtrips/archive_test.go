package coprtrips

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mirrorctl/copr"
)

// An end-of-life chroot goes to the archive over all projects and channels while the hub runs. Its users notice nothing;
// the hub builds for it no more and leaves its trees alone, so that they can leave the root; and it comes back.
func TestArchive(t *testing.T) {
	t.Parallel()
	need(t)
	declaration := `project: adrian/PROJECT
chroots: [epel-7-x86_64, fedora-44-x86_64]
publish: {keep: 1}
packages:
  tiny:
    spec: tiny.spec
    watch: {directory: upstream, pattern: "never-{version}.txt"}
    sources: [{url: "file://DIR/upstream/tiny-{version}.txt"}]
    twice: false
    allowed: {x86_64/root: [dependencies], x86_64/hub: [closure]}
`
	s := site(t, "", map[string]string{
		"tiny.spec": tiny("tiny", ""),
		"x.yaml":    strings.ReplaceAll(declaration, "PROJECT", "x"),
		"y.yaml":    strings.ReplaceAll(declaration, "PROJECT", "y"),
	})
	for _, version := range []string{"1", "2", "3"} {
		release(t, s.Dir, "tiny", version, "version "+version+"\n")
	}
	h := serve(t, s)
	first := h.build("adrian/x/tiny", "--version", "1")
	h.want(first, map[string]string{"epel-7-x86_64": "succeeded", "fedora-44-x86_64": "succeeded"})
	h.Must(t, "copr", "promote", fmt.Sprint(first.ID))
	second := h.build("adrian/x/tiny", "--version", "2") // in testing alone; the first leaves it, and its files wait for the grace
	h.want(second, map[string]string{"epel-7-x86_64": "succeeded", "fedora-44-x86_64": "succeeded"})
	h.eventually("nobody makes a tree any more: the service looks for them afterwards", func() bool {
		return h.serves("results/adrian/x:testing/epel-7-x86_64/repodata/repomd.xml") && h.serves("results/adrian/y:testing/epel-7-x86_64/repodata/repomd.xml")
	})

	trees := []string{"x", "x:testing", "y", "y:testing"}
	in := func(root string) (n int) {
		for _, tree := range trees {
			if _, err := os.Stat(h.at(root, "results/adrian", tree, "epel-7-x86_64/repodata/repomd.xml")); err == nil {
				n++
			}
		}
		return n
	}
	h.Must(t, "archive", "--yes", "epel-7")
	if n := in("archive"); n != len(trees) {
		t.Errorf("%d trees are in the archive, want %d", n, len(trees))
	}
	h.eventually("clients are sent to the archive", func() bool {
		_, from := h.get("results/adrian/x/epel-7-x86_64/repodata/repomd.xml")
		return strings.HasPrefix(from, "/archive/")
	})

	users := func(when string) {
		t.Helper()
		m := h.client("Fedora", "7") // the chroot is named
		m.must("successfully enabled", "copr", "enable", "hub/adrian/x", "epel-7-x86_64")
		m.installs("tiny", "version 1")
		yum := h.client("CentOS", "7")
		yum.repo(h, "coprs/adrian/x:testing/repo/epel-7-x86_64/")
		if got := yum.offered("tiny"); got != "2.noarch 2.src" {
			t.Errorf("%s: yum's repository offers %q", when, got)
		}
	}
	users("archived")

	// A build skips it; what is promoted and what is retained does not touch it.
	skipped := map[string]string{"epel-7-x86_64": "skipped epel-7 is archived", "fedora-44-x86_64": "succeeded"}
	h.want(h.build("adrian/x/tiny", "--version", "3"), skipped)
	if r := h.Run(t, "copr", "promote", "--chroot", "epel-7-x86_64", fmt.Sprint(second.ID)); r.Code == 0 || !strings.Contains(r.Stderr, "epel-7 is archived") {
		t.Errorf("promoted into the archive: exit code %d\n%s", r.Code, r.Stderr)
	}
	h.Must(t, "copr", "promote", fmt.Sprint(second.ID)) // fedora's

	h.Must(t, "archive", "--yes", "--prune", "epel-7")
	if n := in("pub"); n != 0 {
		t.Errorf("%d trees are in the root after the prune", n)
	}
	// Housekeeping begins anew with the service, and makes what projects lack.
	h.Stop(t)
	if found, _ := filepath.Glob(h.at("pub/results/adrian/*/epel-7-*")); len(found) > 0 {
		t.Errorf("made again: %v", found)
	}
	h = serve(t, s)
	skipped["epel-7-x86_64"] = "skipped epel-7 is pruned"
	h.want(h.build("adrian/x/tiny", "--version", "3"), skipped)
	users("pruned")
	if found, _ := filepath.Glob(h.at("pub/results/adrian/*/epel-7-*")); len(found) > 0 {
		t.Errorf("made again after a restart: %v", found)
	}
	if _, from := h.get("results/adrian/x/pubkey.gpg"); from != "/results/adrian/x/pubkey.gpg" {
		t.Errorf("the project's key went with the tree: %s answers", from)
	}

	h.Must(t, "restore", "--yes", "epel-7")
	if n := in("pub"); n != len(trees) {
		t.Errorf("%d trees are in the root after the restore, want %d", n, len(trees))
	}
	var b copr.Build
	h.eventually("the hub builds for it again", func() bool {
		b = h.build("adrian/x/tiny", "--version", "3")
		return b.Chroots[0].State != copr.Skipped
	})
	h.want(b, map[string]string{"epel-7-x86_64": "succeeded", "fedora-44-x86_64": "succeeded"})
	if _, from := h.get("results/adrian/x/epel-7-x86_64/repodata/repomd.xml"); strings.HasPrefix(from, "/archive/") {
		t.Errorf("restored, and still answered from %s", from)
	}
}

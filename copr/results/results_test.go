package results_test

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"mirrorctl/copr"
	"mirrorctl/copr/results"
	"mirrorctl/mirror"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func gone(t testing.TB, name string) {
	t.Helper()
	if _, err := os.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s is there: %v", name, err)
	}
}

// ledger knows some builds.
type ledger map[uint64]bool

func (l ledger) Get(_ context.Context, id uint64) (copr.Build, error) {
	if !l[id] {
		return copr.Build{}, fs.ErrNotExist
	}
	return build(id), nil
}

// releases are active, but for those that are named.
type releases map[mirror.Release]mirror.State

func (r releases) State(release mirror.Release) mirror.State {
	if s, ok := r[release]; ok {
		return s
	}
	return mirror.Active
}

// A build goes through testing to stable, a newer one takes its place, and after the grace its files are gone.
func TestLifeOfABuild(t *testing.T) {
	root, k, now := t.TempDir(), newKey(t), time.Now().Add(time.Minute)
	tree := results.New(results.Options{Root: root, Signer: k, Now: func() time.Time { return now }})
	testing_, stable := path(root, copr.Testing, el9), path(root, copr.Stable, el9)

	must(t, tree.Ensure(t.Context(), project, project.Chroots))
	same(t, "empty", listed(t, k, stable), nil)
	if pub, err := os.ReadFile(filepath.Join(root, "results/adrian/criu/pubkey.gpg")); err != nil || !strings.HasPrefix(string(pub), "-----BEGIN PGP PUBLIC KEY BLOCK-----") {
		t.Errorf("pubkey.gpg: %v, %.40q", err, pub)
	}

	for id := uint64(1); id <= 2; id++ {
		now = now.Add(time.Hour)
		b := build(id)
		must(t, tree.Publish(t.Context(), project, copr.Testing, b, b.Chroots[0], deliver(t, id, "x86_64")))
	}
	same(t, "testing", listed(t, k, testing_), both("x86_64", 1, 2))
	same(t, "stable", listed(t, k, stable), nil)
	for name, want := range map[string]string{
		"00000001-criu/build.info":           "build_id=1\nproject=adrian/criu\npackage=criu\nevr=4.1-1\nchroot=epel-9-x86_64\nattempt=1\n",
		"00000001-criu/success":              "",
		"00000001-criu/provenance/criu.json": "{}\n",
	} {
		if got, err := os.ReadFile(filepath.Join(testing_, name)); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	var facts struct {
		Packages []results.Built `json:"packages"`
	}
	raw, err := os.ReadFile(filepath.Join(testing_, "00000001-criu/results.json"))
	must(t, err)
	must(t, json.Unmarshal(raw, &facts))
	if len(facts.Packages) != 2 || facts.Packages[0] != (results.Built{Name: "criu", Version: "4.1", Release: "1", Arch: "x86_64"}) {
		t.Errorf("results.json: %+v", facts)
	}
	if _, err := os.Stat(filepath.Join(testing_, "00000001-criu/builder-live.log.gz")); err != nil {
		t.Error(err)
	}
	gone(t, filepath.Join(testing_, "00000001-criu/notes.txt"))

	for id := uint64(1); id <= 2; id++ {
		must(t, tree.Promote(t.Context(), project, build(id), el9))
	}
	same(t, "promoted", listed(t, k, stable), both("x86_64", 1, 2))

	now = now.Add(time.Hour)
	must(t, tree.Keep(t.Context(), project, copr.Testing, el9, "criu", []uint64{2}))
	same(t, "kept", listed(t, k, testing_), both("x86_64", 2))
	same(t, "stable is apart", listed(t, k, stable), both("x86_64", 1, 2))
	left := filepath.Join(testing_, both("x86_64", 1)[0])
	if _, err := os.Stat(left); err != nil {
		t.Errorf("before the grace: %v", err)
	}
	before := metadata(t, testing_)

	now = now.Add(95 * time.Hour)
	_, err = tree.Sweep(t.Context(), ledger{1: true, 2: true}, releases{})
	must(t, err)
	if _, err := os.Stat(left); err != nil {
		t.Errorf("within the grace: %v", err)
	}
	now = now.Add(2 * time.Hour)
	swept, err := tree.Sweep(t.Context(), ledger{1: true, 2: true}, releases{el9.Release(): mirror.Archived})
	must(t, err)
	if len(swept.Removed) > 0 {
		t.Errorf("removed from an archived tree: %v", swept.Removed)
	}
	swept, err = tree.Sweep(t.Context(), ledger{1: true, 2: true}, releases{})
	must(t, err)
	gone(t, filepath.Dir(left))
	if after := metadata(t, testing_); after >= before || after != 5 { // repomd.xml, .asc, primary, filelists, other
		t.Errorf("%d files of metadata, %d before; swept %v", after, before, swept.Removed)
	}
	same(t, "swept", listed(t, k, testing_), both("x86_64", 2))
	same(t, "promoted files are their own", listed(t, k, stable), both("x86_64", 1, 2))
}

func metadata(t testing.TB, dir string) int {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(dir, "repodata"))
	must(t, err)
	return len(entries)
}

// What is published twice, or after a retreat, changes nothing: not even repomd.xml.
func TestRepeating(t *testing.T) {
	root, k, now := t.TempDir(), newKey(t), time.Now()
	tree := results.New(results.Options{Root: root, Signer: k, Now: func() time.Time { now = now.Add(time.Second); return now }})
	b, dir := build(7), deliver(t, 7, "x86_64")
	publish := func() { must(t, tree.Publish(t.Context(), project, copr.Stable, b, b.Chroots[0], dir)) }
	state := func() string {
		raw, err := os.ReadFile(filepath.Join(path(root, copr.Stable, el9), "repodata/repomd.xml"))
		must(t, err)
		return string(raw)
	}
	publish()
	once := state()
	publish()
	if state() != once {
		t.Error("a second Publish made a new generation")
	}
	must(t, tree.Retract(t.Context(), project, copr.Stable, b, el9))
	same(t, "retracted", listed(t, k, path(root, copr.Stable, el9)), nil)
	once = state()
	must(t, tree.Retract(t.Context(), project, copr.Stable, b, el9))
	publish()
	if state() != once {
		t.Error("what was retracted came back, or made a new generation")
	}
	must(t, tree.Regenerate(t.Context(), project, copr.Stable, el9))
	if state() == once {
		t.Error("Regenerate made no generation")
	}
}

// Nothing of a build shows where one of its chroots cannot be staged.
func TestAllOrNothing(t *testing.T) {
	root, k := t.TempDir(), newKey(t)
	tree := results.New(results.Options{Root: root, Signer: k})
	must(t, tree.Ensure(t.Context(), project, project.Chroots))
	b, bad := build(3), deliver(t, 3, "aarch64")
	put(t, bad, "broken.rpm", "no package\n")
	dirs := map[copr.Chroot]string{el9: deliver(t, 3, "x86_64"), el9arm: bad}
	if err := tree.PublishAll(t.Context(), project, copr.Stable, b, dirs); err == nil {
		t.Fatal("a broken package was published")
	}
	for _, c := range project.Chroots {
		must(t, tree.Regenerate(t.Context(), project, copr.Stable, c)) // another package's publication comes between
		same(t, c.String(), listed(t, k, path(root, copr.Stable, c)), nil)
	}
	must(t, os.Remove(filepath.Join(bad, "broken.rpm")))
	must(t, tree.PublishAll(t.Context(), project, copr.Stable, b, dirs))
	same(t, "x86_64", listed(t, k, path(root, copr.Stable, el9)), both("x86_64", 3))
	same(t, "aarch64", listed(t, k, path(root, copr.Stable, el9arm)), both("aarch64", 3))
}

// The log of a failed chroot lies where people look for it; a later attempt takes its place, and a failure never the place of a success.
func TestRecord(t *testing.T) {
	root, k := t.TempDir(), newKey(t)
	tree := results.New(results.Options{Root: root, Signer: k})
	b := build(9)
	dir := filepath.Join(path(root, copr.Testing, el9), "00000009-criu")
	must(t, tree.Record(t.Context(), project, copr.Testing, b, b.Chroots[0], ""))
	must(t, tree.Record(t.Context(), project, copr.Testing, b, b.Chroots[0], deliver(t, 9, "x86_64")))
	for _, name := range []string{"builder-live.log.gz", "fail", "results.json", "build.info"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
	if packages, _ := filepath.Glob(filepath.Join(dir, "*.rpm")); len(packages) > 0 {
		t.Errorf("a failed build left %v", packages)
	}
	b.Chroots[0].Attempt = 2
	must(t, tree.Publish(t.Context(), project, copr.Testing, b, b.Chroots[0], deliver(t, 9, "x86_64")))
	gone(t, filepath.Join(dir, "fail"))
	must(t, tree.Record(t.Context(), project, copr.Testing, b, b.Chroots[0], ""))
	same(t, "still published", listed(t, k, path(root, copr.Testing, el9)), both("x86_64", 9))
}

// What has no record goes if it was never published, and is named if it was.
func TestSweepWithoutRecord(t *testing.T) {
	root, k := t.TempDir(), newKey(t)
	tree := results.New(results.Options{Root: root, Signer: k})
	one, two := build(1), build(2)
	must(t, tree.Publish(t.Context(), project, copr.Stable, one, one.Chroots[0], deliver(t, 1, "x86_64")))
	must(t, tree.Stage(t.Context(), project, copr.Stable, two, two.Chroots[0], deliver(t, 2, "x86_64")))
	swept, err := tree.Sweep(t.Context(), ledger{}, releases{})
	must(t, err)
	dir := results.Dir(project.Name, copr.Stable, el9)
	same(t, "removed", swept.Removed, []string{dir + "/00000002-criu"})
	same(t, "unknown", swept.Unknown, []string{dir + "/00000001-criu"})
	same(t, "left", listed(t, k, filepath.Join(root, dir)), both("x86_64", 1))
}

// A signer that is down leaves the repository as it was, and the next try mends it.
func TestSignerDown(t *testing.T) {
	root, k := t.TempDir(), newKey(t)
	good := results.New(results.Options{Root: root, Signer: k})
	bad := results.New(results.Options{Root: root, Signer: down{k}})
	one, two := build(1), build(2)
	must(t, good.Publish(t.Context(), project, copr.Stable, one, one.Chroots[0], deliver(t, 1, "x86_64")))
	if err := bad.Publish(t.Context(), project, copr.Stable, two, two.Chroots[0], deliver(t, 2, "x86_64")); !errors.Is(err, errDown) {
		t.Fatalf("got %v", err)
	}
	same(t, "as it was", listed(t, k, path(root, copr.Stable, el9)), both("x86_64", 1))
	must(t, good.Publish(t.Context(), project, copr.Stable, two, two.Chroots[0], ""+deliver(t, 2, "x86_64")))
	same(t, "mended", listed(t, k, path(root, copr.Stable, el9)), both("x86_64", 1, 2))
}

var errDown = errors.New("signer is down")

type down struct{ key }

func (down) SignRepomd(context.Context, copr.ProjectName, copr.Chroot, time.Time, []byte) ([]byte, error) {
	return nil, errDown
}

// Many publish into one repository at once, and all of it is there in the end; readers meet whole generations all the while.
func TestManyWriters(t *testing.T) {
	root, k := t.TempDir(), newKey(t)
	var wg sync.WaitGroup
	for id := uint64(1); id <= 8; id++ {
		dir := deliver(t, id, "x86_64")
		wg.Go(func() {
			tree := results.New(results.Options{Root: root, Signer: k}) // as another process would
			b := build(id)
			if err := tree.Publish(context.Background(), project, copr.Stable, b, b.Chroots[0], dir); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	same(t, "all", listed(t, k, path(root, copr.Stable, el9)), both("x86_64", 1, 2, 3, 4, 5, 6, 7, 8))
}

// A root that is not there is no empty tree.
func TestMissingRoot(t *testing.T) {
	root := filepath.Join(t.TempDir(), "unmounted")
	tree := results.New(results.Options{Root: root, Signer: newKey(t)})
	b := build(1)
	if err := tree.Publish(t.Context(), project, copr.Stable, b, b.Chroots[0], deliver(t, 1, "x86_64")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	gone(t, root)
}

// Whatever a delivery calls itself, it lands in its own directory.
func TestHostileNames(t *testing.T) {
	tree := results.New(results.Options{Root: t.TempDir(), Signer: newKey(t)})
	for _, name := range []string{"", "../x", "a/b", "a*", "a\n"} {
		b := build(1)
		b.Package = name
		if err := tree.Publish(t.Context(), project, copr.Stable, b, b.Chroots[0], deliver(t, 1, "x86_64")); err == nil {
			t.Errorf("package %q was published", name)
		}
	}
	linked := deliver(t, 1, "x86_64")
	must(t, os.Symlink("/etc/passwd", filepath.Join(linked, "x.rpm")))
	must(t, os.Symlink("/etc/passwd", filepath.Join(linked, "other.log.gz")))
	b := build(1)
	must(t, tree.Publish(t.Context(), project, copr.Stable, b, b.Chroots[0], linked))
	gone(t, filepath.Join(path(tree.Root, copr.Stable, el9), "00000001-criu/x.rpm"))
	gone(t, filepath.Join(path(tree.Root, copr.Stable, el9), "00000001-criu/other.log.gz"))
}

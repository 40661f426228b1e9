package results_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"mirrorctl/copr"
	"mirrorctl/copr/results"
	"mirrorctl/internal/durable"
	"mirrorctl/test/fault/inject"
)

// storyEnv makes this binary tell the story instead of running tests: the program that is killed.
const storyEnv = "RESULTS_TEST_STORY"

func TestMain(m *testing.M) {
	inject.Launched()
	if os.Getenv(storyEnv) != "" {
		if err := story(os.Args[1], os.Args[2], os.Args[3:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// story is all that happens to a repository: a build, another for two chroots together, a promotion, retention.
func story(root, keyFile string, dirs []string) error {
	k, err := loadKey(keyFile)
	if err != nil {
		return err
	}
	ctx, tree := context.Background(), results.New(results.Options{Root: root, Signer: k})
	one, two := build(1), build(2)
	if err := tree.Publish(ctx, project, copr.Testing, one, one.Chroots[0], dirs[0]); err != nil {
		return err
	}
	if err := tree.PublishAll(ctx, project, copr.Testing, two, map[copr.Chroot]string{el9: dirs[1], el9arm: dirs[2]}); err != nil {
		return err
	}
	if err := tree.Promote(ctx, project, two, el9); err != nil {
		return err
	}
	return tree.Keep(ctx, project, copr.Testing, el9, "criu", []uint64{2})
}

// Killed before any system call, the tree is whole for who reads it; told again, the story ends as it would have, and nothing
// is left over.
func TestKilledAnywhere(t *testing.T) {
	k := newKey(t)
	keyFile := k.save(t)
	dirs := []string{deliver(t, 1, "x86_64"), deliver(t, 2, "x86_64"), deliver(t, 2, "aarch64")}
	self, err := os.Executable()
	must(t, err)
	stride := 11 // of some 450 points; MIRRORCTL_COPR=long takes each
	if os.Getenv("MIRRORCTL_COPR") == "long" {
		stride = 1
	}
	points := 0
	for n := 1; ; n += stride {
		root := t.TempDir()
		cmd := exec.Command(self, append([]string{root, keyFile}, dirs...)...)
		cmd.Env = append(os.Environ(), storyEnv+"=1")
		cmd.Stderr = os.Stderr
		out, err := inject.Injector{Under: []string{root}, Decide: inject.At(n, inject.Verdict{Then: inject.Kill})}.Run(t.Context(), cmd)
		if errors.Is(err, os.ErrPermission) || err != nil && strings.Contains(err.Error(), "not supported") {
			t.Skipf("SKIP: seccomp user notification: %v", err)
		}
		must(t, err)
		done := len(out.Struck) == 0
		if done && out.Exit != 0 {
			t.Fatalf("point %d: exit %d", n, out.Exit)
		}
		whole(t, k, root)
		must(t, story(root, keyFile, dirs))
		ends(t, k, root)
		if t.Failed() {
			t.Fatalf("killed before call %d, %v", n, out.Struck)
		}
		points++
		if done {
			t.Logf("%d of %d points", points-1, len(out.Calls))
			return
		}
		must(t, os.RemoveAll(root))
	}
}

// whole holds every repository of the tree that has metadata against it.
func whole(t testing.TB, k key, root string) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(root, "results/*/*/*/repodata/repomd.xml"))
	must(t, err)
	for _, name := range found {
		listed(t, k, filepath.Dir(filepath.Dir(name)))
	}
}

func ends(t testing.TB, k key, root string) {
	t.Helper()
	same(t, "testing", listed(t, k, path(root, copr.Testing, el9)), both("x86_64", 2))
	same(t, "testing, arm", listed(t, k, path(root, copr.Testing, el9arm)), both("aarch64", 2))
	same(t, "stable", listed(t, k, path(root, copr.Stable, el9)), both("x86_64", 2))
	_, err := results.New(results.Options{Root: root, Signer: k}).Sweep(t.Context(), ledger{1: true, 2: true}, releases{})
	must(t, err)
	must(t, filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if durable.IsTemp(d.Name()) || strings.HasSuffix(name, ".mirrorctl-changing") {
			t.Errorf("left over: %s", name)
		}
		return err
	}))
}

//go:build linux && (amd64 || arm64)

package fault_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mirrorctl/test/fault/fixture"
	"mirrorctl/test/fault/inject"
	"mirrorctl/test/fault/powercut"
)

// An archive of hard links takes files over whose bytes may have been written a moment ago. What it holds under a
// final name is on the disk all the same; and without the fsync that sees to it, it is not.
func TestSyncOfHardLinksIsMissed(t *testing.T) {
	sub := mirrorctl(t)
	cuts := plugIn(t, powercut.Ext4)
	symbols, err := inject.ReadSymbols(sub.path, "mirrorctl/")
	if err != nil {
		t.Fatal(err)
	}
	tr := trip{args: append([]string{"archive", "--link", "hardlink"}, archiving[1:]...)}
	calls, err := tr.calls(t.Context(), sub)
	if err != nil {
		t.Fatal(err)
	}
	lies := 0
	lie := func(c inject.Call) inject.Verdict {
		if c.Kind == inject.Sync && strings.HasPrefix(c.Stack[0], "dirstore.(*Store).placeHard ") {
			lies++
			return inject.Verdict{Then: inject.Lie}
		}
		return inject.Verdict{}
	}
	for n := range cutsPerMutant {
		partial, err := cuts.link(t.Context(), sub, tr, powercut.Cut{When: powercut.At(1 + rand.IntN(calls)), Symbols: symbols, Meddle: lie})
		if err != nil {
			t.Fatal(err)
		}
		if len(partial) > 0 {
			t.Logf("caught by cut %d: %s", n+1, partial[0])
			break
		}
		if n+1 == cutsPerMutant {
			t.Errorf("not missed in %d power cuts, %d lies", cutsPerMutant, lies)
		}
	}
	for range cutsPerControl() {
		partial, err := cuts.link(t.Context(), sub, tr, powercut.Cut{When: powercut.At(1 + rand.IntN(calls))})
		if err != nil || len(partial) > 0 {
			t.Fatalf("with every fsync: %q, %v", partial, err)
		}
	}
}

// link cuts the power of a site whose root and archive share a disk, right after the release was written there. It
// returns what of the archive is partial; the root's own bytes were nobody's to sync.
func (k sockets) link(ctx context.Context, sub subject, tr trip, c powercut.Cut) (partial []string, err error) {
	disks := <-k
	defer func() { k <- disks }()
	s, err := stage(ctx, sub, tr, []*powercut.Disk{disks[0], disks[0], disks[2], disks[3]})
	defer s.close()
	if err == nil {
		err = s.rewrite()
	}
	if err != nil {
		return nil, err
	}
	c.Disks, c.Commit = disks, func(*powercut.Disk) bool { return true }
	if _, err := s.cut(ctx, sub.command(s, tr.args...), c); err != nil {
		return nil, err
	}
	_, violations, err := s.oracle.Check()
	for _, v := range violations {
		if strings.HasPrefix(v, "I4: ") && strings.Contains(v, " in the archive ") {
			partial = append(partial, v)
		}
	}
	return partial, err
}

// rewrite writes the release's files anew, as they were, and leaves the bytes to the kernel.
func (s *site) rewrite() error {
	var errs []error
	for path, e := range s.oracle.Before.Under(fixture.Trees...) {
		if !e.Type.IsRegular() {
			continue
		}
		name := filepath.Join(s.Root, path)
		data, err := os.ReadFile(name)
		if err == nil {
			err = os.WriteFile(name, data, 0)
		}
		if err == nil {
			err = os.Chtimes(name, time.Time{}, time.Unix(0, e.MTime))
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

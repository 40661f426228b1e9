//go:build linux && (amd64 || arm64)

package fault_test

import (
	"context"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"mirrorctl/test/fault/fixture"
	"mirrorctl/test/fault/inject"
	"mirrorctl/test/fault/powercut"
)

// cutsPerMutant is how many power cuts a mutant has to live through.
const cutsPerMutant = 50

// Each fsync in the source is taken out, alone: every call that it makes is answered without being run. At least
// one of 50 power cuts must then do harm. The long form does so for each fsync in each context,
// by up to four places of the stack, too. There it only reports: on ext4 an fsync commits all names of its disk, so
// that one of two neighbours is often spare.
func TestEachSyncIsMissed(t *testing.T) {
	sub := mirrorctl(t)
	cuts := plugIn(t, powercut.Ext4)
	for _, tr := range trips {
		t.Run(tr.name, func(t *testing.T) {
			for mutant, lives := range mutate(t, sub, tr, cuts, 1) {
				t.Errorf("without %s: not missed in %d power cuts", mutant, lives)
			}
			if long() {
				for mutant, lives := range mutate(t, sub, tr, cuts, 4) {
					t.Logf("without %s: not missed in %d power cuts", mutant, lives)
				}
			}
		})
	}
}

// So it is for the understudy; but for the fsync of its journal, which nothing ever reads: what does no harm
// must not be called a bug.
func TestEachSyncOfTheUnderstudyIsMissed(t *testing.T) {
	cuts := plugIn(t, powercut.Ext4)
	lived := mutate(t, understudyWith(t, ""), trips[0], cuts, 1)
	for mutant, lives := range lived {
		if !strings.HasPrefix(mutant, "understudy.(*study).append ") {
			t.Errorf("without %s: not missed in %d power cuts", mutant, lives)
		}
	}
	if len(lived) != 1 {
		t.Errorf("lived: %v", lived)
	}
}

// place is where in the source a sync is called from.
func place(c inject.Call, depth int) string {
	return strings.Join(c.Stack[:min(len(c.Stack), depth)], " < ")
}

// mutate makes one mutant after another of a trip's command, and returns those that lived and how many cuts.
func mutate(t *testing.T, sub subject, tr trip, cuts sockets, depth int) (lived map[string]int) {
	t.Helper()
	symbols, err := inject.ReadSymbols(sub.path, "mirrorctl/")
	if err != nil {
		t.Fatal(err)
	}
	places, err := syncs(t.Context(), sub, tr, symbols, depth)
	if err != nil {
		t.Fatal(err)
	}
	lived = map[string]int{}
	for _, p := range slices.Sorted(maps.Keys(places)) {
		m := mutant{place: p, depth: depth, calls: places[p], symbols: symbols}
		made, found, err := m.missed(t.Context(), sub, tr, cuts)
		switch {
		case err != nil:
			t.Fatalf("without %s: %v", p, err)
		case found == "":
			lived[p] = made
		default:
			t.Logf("without %s (%d calls): caught by cut %d: %s", p, m.calls, made, found)
		}
	}
	t.Logf("%s: %d fsyncs taken out, %d missed", tr.name, len(places), len(places)-len(lived))
	return lived
}

// syncs counts the sync calls of a trip's command by their places.
func syncs(ctx context.Context, sub subject, tr trip, symbols *inject.Symbols, depth int) (map[string]int, error) {
	s, err := tr.prepare(ctx, sub, fixture.Site{})
	if err != nil {
		return nil, err
	}
	defer s.close()
	in := inject.Injector{Under: []string{s.Root, s.Archive, s.State}, Symbols: symbols}
	out, err := in.Run(ctx, sub.command(s, tr.args...))
	places := map[string]int{}
	for _, c := range out.Calls {
		if c.Kind == inject.Sync {
			places[place(c, depth)]++
		}
	}
	return places, err
}

// mutant is a program without the syncs of one place.
type mutant struct {
	place   string
	depth   int
	calls   int // of the place, in an undisturbed run
	symbols *inject.Symbols
}

// missed cuts the power some calls after one of the missing syncs, or after the end, again and again until that
// does harm.
func (m mutant) missed(ctx context.Context, sub subject, tr trip, cuts sockets) (made int, found string, err error) {
	for made < cutsPerMutant && found == "" {
		after, distance := 1+rand.IntN(m.calls), 1+rand.IntN(12)
		if made%5 == 4 {
			after = m.calls + 1 // after the end
		}
		lies, since := 0, -1
		v, err := cuts.cut(ctx, sub, tr, powercut.Cut{
			Symbols: m.symbols,
			When: func(inject.Call) bool {
				if since >= 0 {
					since++
				}
				return since == distance
			},
			Meddle: func(c inject.Call) inject.Verdict {
				if c.Kind != inject.Sync || place(c, m.depth) != m.place {
					return inject.Verdict{}
				}
				if lies++; lies == after {
					since = 0
				}
				return inject.Verdict{Then: inject.Lie}
			},
		}, rand.IntN(8))
		made++
		if err != nil {
			return made, "", err
		}
		if len(v.violations) > 0 {
			found = v.String()
		}
	}
	return made, found, nil
}

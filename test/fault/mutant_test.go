//go:build linux && (amd64 || arm64)

package fault_test

import (
	"context"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

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
	for place, cuts := range mutate(t, sub, trips, cuts, 1) {
		switch name := strings.Fields(place)[0]; {
		case spare[name] != "":
		case rare[name] > cuts && !long():
			t.Logf("without %s: not missed in %d power cuts; the long form makes up to %d", place, cuts, rare[name])
		default:
			t.Errorf("without %s: not missed in %d power cuts", place, cuts)
		}
	}
	if long() {
		mutate(t, sub, trips, cuts, 4)
	}
}

// spare are functions whose fsync this test cannot miss, and why that is no fault.
var spare = map[string]string{
	"durable.SyncDir":          "ext4 commits a rename with the next fsync of the disk, and each of these is followed by one before it matters",
	"archive.(*builder).fetch": "it is there to read back from the disk: durable.Place syncs the same file again",
	"archive.openJournal":      "harm needs a run that was killed between the write and the fsync of one certain record",
}

// rare are functions whose fsync is missed in few of the cuts, and how many the long form makes: the store's documents
// are written after the files and commit ext4's whole log, so harm needs a cut in the few calls between.
var rare = map[string]int{"durable.(*Dir).Sync": 300}

// So it is for the understudy; but for the fsync of its journal, which nothing ever reads: what does no harm
// must not be called a bug.
func TestEachSyncOfTheUnderstudyIsMissed(t *testing.T) {
	lived := mutate(t, understudyWith(t, ""), trips[:1], plugIn(t, powercut.Ext4), 1)
	for place, cuts := range lived {
		if !strings.HasPrefix(place, "understudy.(*study).append ") {
			t.Errorf("without %s: not missed in %d power cuts", place, cuts)
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

// mutate makes one mutant after another, and returns those that lived through all their cuts.
func mutate(t *testing.T, sub subject, trips []trip, cuts sockets, depth int) (lived map[string]int) {
	t.Helper()
	symbols, err := inject.ReadSymbols(sub.path, "mirrorctl/")
	if err != nil {
		t.Fatal(err)
	}
	mutants := map[string]*mutant{}
	for _, tr := range trips {
		calls, err := syncs(t.Context(), sub, tr, symbols, depth)
		if err != nil {
			t.Fatal(err)
		}
		for place, n := range calls {
			if mutants[place] == nil {
				mutants[place] = &mutant{place: place, depth: depth, symbols: symbols}
			}
			mutants[place].trips = append(mutants[place].trips, tr)
			mutants[place].calls = append(mutants[place].calls, n)
		}
	}
	lived = map[string]int{}
	caught := 0
	for _, place := range slices.Sorted(maps.Keys(mutants)) {
		if why := spare[strings.Fields(place)[0]]; why != "" && depth == 1 && sub.serves {
			t.Logf("without %s: spare: %s", place, why)
			if !long() {
				continue
			}
		}
		made, found, err := mutants[place].missed(t.Context(), sub, cuts)
		switch {
		case err != nil:
			t.Fatalf("without %s: %v", place, err)
		case found == "":
			lived[place] = made
			t.Logf("without %s: lived through %d cuts", place, made)
		default:
			caught++
			t.Logf("without %s: caught by cut %d: %s", place, made, found)
		}
	}
	t.Logf("%d fsyncs taken out, %d missed", len(mutants), caught)
	return lived
}

// syncs counts the sync calls of a trip's command by their places.
func syncs(ctx context.Context, sub subject, tr trip, symbols *inject.Symbols, depth int) (map[string]int, error) {
	s, err := tr.prepare(ctx, sub)
	defer s.close()
	if err != nil {
		return nil, err
	}
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
	trips   []trip // on which it matters
	calls   []int  // of the place, on each of them
	symbols *inject.Symbols
}

// missed cuts the power some calls after one of the missing syncs, or after the end, again and again until that
// does harm.
func (m mutant) missed(ctx context.Context, sub subject, cuts sockets) (made int, found string, err error) {
	most := cutsPerMutant
	if long() {
		most = max(most, rare[strings.Fields(m.place)[0]])
	}
	for made < most && found == "" {
		i := made % len(m.trips)
		tr, after, distance := m.trips[i], 1+rand.IntN(m.calls[i]), 1+rand.IntN(12)
		if rand.IntN(5) == 0 {
			after = m.calls[i] + 1 // after the end
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

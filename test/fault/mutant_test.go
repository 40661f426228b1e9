//go:build linux && (amd64 || arm64)

package fault_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"mirrorctl/test/fault/inject"
	"mirrorctl/test/fault/powercut"
)

// cutsPerMutant is how many power cuts a mutant has to live through.
const cutsPerMutant = 50

// cutsPerControl is how many such cuts the program lives through with nothing missing.
func cutsPerControl() int {
	if long() {
		return cutsPerMutant
	}
	return 5
}

// Each fsync in the source is taken out, alone: every call that it makes is answered without being run. At least
// one of 50 power cuts must then do harm. The long form does so for each fsync in each context,
// by up to four places of the stack, too. There it only reports: of two neighbours on one disk, ext4 makes one spare.
func TestEachSyncIsMissed(t *testing.T) {
	sub := mirrorctl(t)
	cuts := plugIn(t, powercut.Ext4)
	for place, cuts := range mutate(t, sub, trips, cuts, 1) {
		t.Errorf("without %s: not missed in %d power cuts", place, cuts)
	}
	if long() {
		mutate(t, sub, trips, cuts, 4)
	}
}

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
	var mu sync.Mutex // guards lived
	var wg sync.WaitGroup
	for place, m := range mutants { // as many at a time as there are sets of disks
		wg.Go(func() {
			made, found, err := m.missed(t.Context(), sub, cuts, cutsPerMutant)
			_, blamed, err2 := m.whole().missed(t.Context(), sub, cuts, cutsPerControl())
			mu.Lock()
			defer mu.Unlock()
			switch {
			case errors.Join(err, err2) != nil:
				t.Errorf("without %s: %v", place, errors.Join(err, err2))
			case blamed != "":
				t.Errorf("with %s: cuts such as it is missed by do harm all the same: %s", place, blamed)
			case found == "":
				lived[place] = made
				t.Logf("without %s: lived through %d cuts", place, made)
			default:
				t.Logf("without %s: caught by cut %d: %s", place, made, found)
			}
		})
	}
	wg.Wait()
	t.Logf("%d fsyncs taken out, %d missed", len(mutants), len(mutants)-len(lived))
	return lived
}

// calls are how often a sync is called on each of a site's directories: root, archive, state and jobs.
type calls [4]int

// syncs counts the sync calls of a trip's command by their places.
func syncs(ctx context.Context, sub subject, tr trip, symbols *inject.Symbols, depth int) (map[string]calls, error) {
	s, err := tr.prepare(ctx, sub)
	defer s.close()
	if err != nil {
		return nil, err
	}
	in := inject.Injector{Under: s.Dirs(), Symbols: symbols}
	out, err := in.Run(ctx, sub.command(s, tr.args...))
	places := map[string]calls{}
	for _, c := range out.Calls {
		if c.Kind != inject.Sync {
			continue
		}
		n := places[place(c, depth)]
		for i, dir := range slices.Backward([]string{s.Root, s.Archive, s.State, filepath.Join(s.State, "jobs")}) {
			if under(c.Paths[0], dir) {
				n[i]++
				break
			}
		}
		places[place(c, depth)] = n
	}
	return places, err
}

// one picks one of the calls: a disk first, since on one there may be two and on another fifty.
func (n calls) one() (disk, call int) {
	for disk = rand.IntN(len(n)); n[disk] == 0; disk = rand.IntN(len(n)) {
	}
	return disk, 1 + rand.IntN(n[disk])
}

// mutant is a program without the syncs of one place.
type mutant struct {
	place   string
	depth   int
	honest  bool    // nothing is missing: the control
	trips   []trip  // on which it matters
	calls   []calls // of the place, on each of them
	symbols *inject.Symbols
}

// whole is the program with the mutant's syncs, to be cut as the mutant is.
func (m mutant) whole() mutant {
	m.honest = true
	return m
}

// missed cuts the power again and again, until that does harm.
func (m mutant) missed(ctx context.Context, sub subject, cuts sockets, most int) (made int, found string, err error) {
	for made < most && found == "" {
		i := made % len(m.trips)
		v, err := cuts.cut(ctx, sub, m.trips[i], func(disks []*powercut.Disk) powercut.Cut {
			if rand.IntN(4) == 0 {
				return m.anywhere(disks, m.calls[i])
			}
			return m.worst(disks, m.calls[i])
		})
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

// lie answers the mutant's syncs without running them; told hears when it answers a certain one.
func (m mutant) lie(disk *powercut.Disk, call int, told func()) inject.Decide {
	return func(c inject.Call) inject.Verdict {
		if !m.lacks(c) {
			return inject.Verdict{}
		}
		if disk.Holds(c) {
			if call--; call == 0 {
				told()
			}
		}
		if m.honest {
			return inject.Verdict{}
		}
		return inject.Verdict{Then: inject.Lie}
	}
}

// lacks reports whether a call is one of the missing syncs.
func (m mutant) lacks(c inject.Call) bool {
	return c.Kind == inject.Sync && place(c, m.depth) == m.place
}

// worst cuts at the last moment of one of the missing syncs: any other sync of the same disk would write its log
// and make good for it, so the power goes before that, or after the end. Elsewhere everything is
// durable. On that disk nothing is that was not asked for; or the log is written, too: then a name is, and
// not what it stands for.
func (m mutant) worst(disks []*powercut.Disk, n calls) powercut.Cut {
	disk, call := n.one()
	lied, torn := false, rand.IntN(3) == 0
	return powercut.Cut{
		Symbols: m.symbols,
		When:    func(c inject.Call) bool { return lied && c.Kind == inject.Sync && !m.lacks(c) && disks[disk].Holds(c) },
		Meddle:  m.lie(disks[disk], call, func() { lied = true }),
		Commit:  func(d *powercut.Disk) bool { return d != disks[disk] || torn },
	}
}

// anywhere cuts some calls after one of the missing syncs, or after the end.
func (m mutant) anywhere(disks []*powercut.Disk, n calls) powercut.Cut {
	disk, call := n.one()
	distance, since := 1+rand.IntN(12), -1
	if rand.IntN(5) == 0 {
		call = 0 // none
	}
	return powercut.Cut{
		Symbols: m.symbols,
		When: func(inject.Call) bool {
			if since >= 0 {
				since++
			}
			return since == distance
		},
		Meddle: m.lie(disks[disk], call, func() { since = 0 }),
		Commit: some(disks),
	}
}

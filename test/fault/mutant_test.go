//go:build linux && (amd64 || arm64)

package fault_test

import (
	"context"
	"fmt"
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

// Each fsync is taken out, alone: every call that comes from its place in the source is answered without
// being run. At least one of 50 power cuts must then do harm.
func TestEachSyncIsMissed(t *testing.T) {
	sub := mirrorctl(t)
	cuts := plugIn(t, powercut.Ext4)
	for _, tr := range trips {
		t.Run(tr.name, func(t *testing.T) { mutate(t, sub, tr, cuts, spare) })
	}
}

func TestEachSyncOfTheUnderstudyIsMissed(t *testing.T) {
	cuts := plugIn(t, powercut.Ext4)
	for _, tr := range []trip{trips[0], trips[3]} {
		t.Run(tr.name, func(t *testing.T) { mutate(t, understudyWith(t, ""), tr, cuts, spareInUnderstudy) })
	}
}

// spare are places whose fsync no power cut on ext4 can miss, and why. A key is a part of a place.
var spare = map[string]string{}

var spareInUnderstudy = map[string]string{}

// place is where in the source a sync is called from.
func place(c inject.Call) string {
	return strings.Join(c.Stack[:min(len(c.Stack), 4)], " < ")
}

// mutate makes one mutant after another of a trip's command.
func mutate(t *testing.T, sub subject, tr trip, cuts sockets, spare map[string]string) {
	t.Helper()
	symbols, err := inject.ReadSymbols(sub.path, "mirrorctl/")
	if err != nil {
		t.Fatal(err)
	}
	places, err := syncs(t.Context(), sub, tr, symbols)
	if err != nil {
		t.Fatal(err)
	}
	caught := 0
	for _, p := range slices.Sorted(maps.Keys(places)) {
		made, found, err := missed(t.Context(), sub, tr, cuts, symbols, p, places[p])
		if err != nil {
			t.Fatal(err)
		}
		reason := ""
		for part, why := range spare {
			if strings.Contains(p, part) {
				reason = why
			}
		}
		switch {
		case found != "":
			caught++
			t.Logf("without %s (%d calls): caught by cut %d: %s", p, places[p], made, found)
		case reason != "":
			t.Logf("without %s (%d calls): spare, %s", p, places[p], reason)
		default:
			t.Errorf("without %s (%d calls): not missed in %d power cuts", p, places[p], made)
		}
	}
	t.Logf("%s: %d fsyncs taken out, %d missed", tr.name, len(places), caught)
}

// syncs counts the sync calls of a trip's command by their places.
func syncs(ctx context.Context, sub subject, tr trip, symbols *inject.Symbols) (map[string]int, error) {
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
			places[place(c)]++
		}
	}
	return places, err
}

// missed lies to all syncs from place p, of which there are calls, and cuts the power some calls after one
// of them, again and again until that does harm.
func missed(ctx context.Context, sub subject, tr trip, cuts sockets, symbols *inject.Symbols, p string, calls int) (made int, found string, err error) {
	for made < cutsPerMutant && found == "" {
		after, distance := 1+rand.IntN(calls), 1+rand.IntN(12)
		if made%5 == 4 {
			after = calls + 1 // after the end
		}
		lies, since := 0, -1
		v, err := cuts.cut(ctx, sub, tr, powercut.Cut{
			Symbols: symbols,
			When: func(inject.Call) bool {
				if since >= 0 {
					since++
				}
				return since == distance
			},
			Meddle: func(c inject.Call) inject.Verdict {
				if c.Kind != inject.Sync || place(c) != p {
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
			return made, "", fmt.Errorf("without %s: %w", p, err)
		}
		if len(v.violations) > 0 {
			found = v.String()
		}
	}
	return made, found, nil
}

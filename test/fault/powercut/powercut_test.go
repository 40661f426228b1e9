//go:build linux && (amd64 || arm64)

package powercut_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"mirrorctl/test/fault/inject"
	"mirrorctl/test/fault/powercut"
)

// rig holds one disk, or three, over many cuts.
type rig struct {
	t                  *testing.T
	disks              []*powercut.Disk
	root, store, state string
}

func newRig(t *testing.T, fs powercut.FS, disks int) *rig {
	t.Helper()
	if err := powercut.Supported(fs); err != nil {
		t.Skip("SKIP:", err)
	}
	r := &rig{t: t}
	dir := t.TempDir()
	for _, name := range []string{"root", "store", "state"}[:disks] {
		d, err := powercut.NewDisk(filepath.Join(dir, name), fs)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := d.Close(); err != nil {
				t.Error(err)
			}
		})
		r.disks = append(r.disks, d)
	}
	on := func(i int) string { return r.disks[i%disks].Dir }
	r.root, r.store, r.state = filepath.Join(on(0), "r"), filepath.Join(on(1), "s"), filepath.Join(on(2), "t")
	return r
}

// commits are the sets of disks that can have written their log before a cut.
func (r *rig) commits() [][]*powercut.Disk {
	var all [][]*powercut.Disk
	for set := range 1 << len(r.disks) {
		var disks []*powercut.Disk
		for i, d := range r.disks {
			if set>>i&1 == 1 {
				disks = append(disks, d)
			}
		}
		all = append(all, disks)
	}
	return all
}

// cut starts from the beginning, cuts before call n and says what is wrong.
func (r *rig) cut(how string, n int, commit []*powercut.Disk, meddle inject.Decide) (out inject.Outcome, wrong string) {
	r.t.Helper()
	for _, dir := range []string{r.root, r.store, r.state} {
		r.must(os.RemoveAll(dir))
		r.must(os.Mkdir(dir, 0o755))
	}
	for _, name := range files {
		r.must(os.WriteFile(filepath.Join(r.root, name), content(name), 0o644))
	}
	for _, d := range r.disks {
		r.must(d.Settle())
	}
	self, err := os.Executable()
	r.must(err)
	cmd := exec.Command(self, r.root, r.store, r.state)
	cmd.Env = append(os.Environ(), moverEnv+"="+how)
	cmd.Stderr = os.Stderr
	out, err = powercut.Cut{Disks: r.disks, When: powercut.At(n), Commit: in(commit), Meddle: meddle}.Run(r.t.Context(), cmd)
	r.must(err)
	if problems := lost(r.root, r.store, r.state, !out.Killed && out.Exit == 0); len(problems) > 0 {
		wrong = fmt.Sprintf("%s; power cut at %s, %d disks had committed", problems[0], out.Calls[len(out.Calls)-1], len(commit))
	}
	return out, wrong
}

func in(disks []*powercut.Disk) func(*powercut.Disk) bool {
	return func(d *powercut.Disk) bool { return slices.Contains(disks, d) }
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// sweep cuts at every call and after the last, with one set of committed disks after the other.
// It counts the cuts and those that did harm.
func (r *rig) sweep(how string, meddle inject.Decide) (cuts, harmed int, example string) {
	r.t.Helper()
	for _, commit := range r.commits() {
		for n := 1; ; n++ {
			out, wrong := r.cut(how, n, commit, meddle)
			cuts++
			if wrong != "" {
				harmed++
				example = wrong
			}
			if len(out.Calls) < n {
				break
			}
		}
	}
	return cuts, harmed, example
}

// What does every fsync survives every cut.
func TestRightMoveLosesNothing(t *testing.T) {
	tests := []struct {
		fs    powercut.FS
		disks int
	}{{powercut.Ext4, 1}, {powercut.Ext4, 3}, {powercut.XFS, 1}}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%s on %d", tt.fs.Name, tt.disks), func(t *testing.T) {
			start := time.Now()
			cuts, harmed, example := newRig(t, tt.fs, tt.disks).sweep("right", nil)
			if harmed > 0 {
				t.Fatalf("%d of %d cuts did harm: %s", harmed, cuts, example)
			}
			t.Logf("%d cuts, 0 lost or torn, %v each", cuts, time.Since(start)/time.Duration(cuts))
		})
	}
}

// The controls fail often, or the rig would prove nothing: the same move without any fsync,
// and one that writes under the final name.
func TestControlsFail(t *testing.T) {
	noSync := func(c inject.Call) inject.Verdict {
		if c.Kind == inject.Sync {
			return inject.Verdict{Then: inject.Lie}
		}
		return inject.Verdict{}
	}
	tests := []struct {
		name, how string
		meddle    inject.Decide
	}{{"no fsync", "right", noSync}, {"torn", "torn", nil}}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cuts, harmed, example := newRig(t, powercut.Ext4, 1).sweep(tt.how, tt.meddle)
			t.Logf("%d of %d cuts did harm, such as: %s", harmed, cuts, example)
			if harmed*5 < cuts {
				t.Errorf("%d of %d cuts did harm, want over a fifth", harmed, cuts)
			}
		})
	}
}

// Every fsync that matters is missed when it alone is taken out. Those of a directory whose names a
// later fsync makes durable in time anyway are not: ext4 commits a new file's name with the file.
func TestEachSyncIsMissed(t *testing.T) {
	r := newRig(t, powercut.Ext4, 3)
	whole, _ := r.cut("right", 0, nil, nil)
	for _, c := range whole.Calls {
		if c.Kind != inject.Sync {
			continue
		}
		lie := inject.AtKind(inject.Sync, c.KindN, inject.Verdict{Then: inject.Lie})
		missed := r.missed(c.N, len(whole.Calls), lie)
		t.Logf("without %s: %s", c, missed)
		spare := c.Paths[0] == r.state || c.Paths[0] == r.root && c.N < len(whole.Calls)
		if (missed == "") != spare {
			t.Errorf("without %s: missed %q, spare %v", c, missed, spare)
		}
	}
}

// missed cuts at each call after n until a cut does harm, and says which.
func (r *rig) missed(n, last int, meddle inject.Decide) string {
	for n++; n <= last+1; n++ {
		for _, commit := range r.commits() {
			if _, wrong := r.cut("right", n, commit, meddle); wrong != "" {
				return wrong
			}
		}
	}
	return ""
}

//go:build linux && (amd64 || arm64)

package fault_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"mirrorctl/test/fault/fixture"
	"mirrorctl/test/fault/oracle"
	"mirrorctl/test/fault/powercut"
)

// The power goes before each call, or after the end: with it goes what was not durable. What is left
// must keep the invariants, and running again must end as if nothing had happened. What the
// program has reported as done must be done.
func TestPowerCut(t *testing.T) {
	sub := mirrorctl(t)
	cuts := plugIn(t, powercut.Ext4)
	sweepAll(t, sub, cuts.point, 3*time.Second)
}

// The same, for a run that goes by records which the run before was killed over: they were written, and read, and may
// still be lost.
func TestPowerCutAfterKill(t *testing.T) {
	sub := mirrorctl(t)
	cuts := plugIn(t, powercut.Ext4)
	for _, tr := range []trip{
		{name: "resume", before: []step{{args: archiving, torn: true}}, args: resuming, again: resuming, goal: oracle.GoalArchived, abort: true},
		{name: "abort", before: []step{{args: archiving, torn: true}}, args: aborting, again: aborting, goal: oracle.GoalAborted},
		{name: "prune", before: []step{{args: archiving}, {args: pruning, torn: true}}, args: pruning, again: pruning, goal: oracle.GoalPruned, serve: true},
		{name: "restore", before: []step{{args: archiving}, {args: pruning}, {args: restoring, torn: true}}, args: restoring, again: restoring, goal: oracle.GoalRestored, rebuilt: true, serve: true},
	} {
		t.Run(tr.name, func(t *testing.T) { sweep(t, sub, tr, cuts.point, 3*time.Second) })
	}
}

func TestPowerCutPassesTheRight(t *testing.T) {
	cuts := plugIn(t, powercut.Ext4)
	sweepAll(t, understudyWith(t, ""), cuts.point, time.Second)
}

func TestPowerCutCatchesTheWrong(t *testing.T) {
	cuts := plugIn(t, powercut.Ext4)
	for _, flaw := range []string{"in place", "torn state"} {
		points, found := hunt(t, understudyWith(t, flaw), trips[0], cuts.point)
		if found == "" {
			t.Fatalf("%s: not caught in %d points", flaw, points)
		}
		t.Logf("%s: caught by point %d: %s", flaw, points, found)
	}
}

// sockets are sets of disks, one for each worker: a disk for the root, one for the archive, one for the state
// and one for its jobs, so that no fsync of a journal writes the log of the state document's disk.
type sockets chan []*powercut.Disk

func plugIn(t *testing.T, fs powercut.FS) sockets {
	t.Helper()
	if err := powercut.Supported(fs); err != nil {
		t.Skip("SKIP:", err)
	}
	free := make(sockets, workers)
	for range workers {
		dir, err := os.MkdirTemp(scratch, "disks")
		if err != nil {
			t.Fatal(err)
		}
		var disks []*powercut.Disk
		for _, name := range []string{"root", "archive", "state", "jobs"} {
			d, err := powercut.NewDisk(filepath.Join(dir, name), fs)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := d.Close(); err != nil {
					t.Error(err)
				}
			})
			disks = append(disks, d)
		}
		free <- disks
	}
	return free
}

// point is one point of TestPowerCut: before the n-th call, with some set of disks that have written their log.
func (k sockets) point(ctx context.Context, sub subject, tr trip, n int) (verdict, error) {
	return k.cut(ctx, sub, tr, func(disks []*powercut.Disk) powercut.Cut {
		return powercut.Cut{When: powercut.At(n), Commit: some(disks)}
	})
}

// some picks a random set of disks.
func some(disks []*powercut.Disk) func(*powercut.Disk) bool {
	set := map[*powercut.Disk]bool{}
	for _, d := range disks {
		set[d] = rand.IntN(2) == 0
	}
	return func(d *powercut.Disk) bool { return set[d] }
}

// cut makes a site on its disks, takes their power as plan says and judges what is left.
func (k sockets) cut(ctx context.Context, sub subject, tr trip, plan func(disks []*powercut.Disk) powercut.Cut) (verdict, error) {
	disks := <-k
	defer func() { k <- disks }()
	s, err := stage(ctx, sub, tr, disks)
	defer s.close()
	if err != nil {
		return verdict{}, err
	}
	c := plan(disks)
	c.Disks, c.Dark = disks, s.stopServer
	out, err := s.cut(ctx, sub.command(s, tr.args...), c)
	if err == nil {
		err = s.boot()
	}
	if err != nil {
		return verdict{}, err
	}
	v := verdict{struck: len(out.Struck) > 0 && out.Killed}
	v.where = fmt.Sprintf("power cut at %s, logs written: %s", last(out.Calls), written(c))
	if !v.struck {
		v.where = "power cut after the end, logs written: " + written(c)
		v.finished(s, tr.goal, out)
		return v, nil
	}
	again, goal := tr.again, tr.goal
	phase, violations, err := s.oracle.Check()
	v.judge(violations, err)
	if tr.abort && rand.IntN(2) == 0 && (phase == oracle.Active || phase == oracle.Archiving) {
		again, goal = aborting, oracle.GoalAborted
	}
	if tr.serve {
		if err := s.serve(ctx); err != nil {
			v.judge([]string{err.Error()}, nil)
			return v, nil
		}
	}
	return v, v.recover(ctx, s, again, goal)
}

// boot takes longer than a dead server's word counts: what it left for those who would wait for it is stale.
func (s *site) boot() error {
	words, err := filepath.Glob(filepath.Join(s.State, "followers", "*"))
	for _, word := range words {
		err = errors.Join(err, os.Remove(word))
	}
	return err
}

// written names the disks that had written their log.
func written(c powercut.Cut) string {
	names := []string{}
	for _, d := range c.Disks {
		if c.Commit(d) {
			names = append(names, filepath.Base(d.Dir))
		}
	}
	return fmt.Sprint(names)
}

// stage prepares a site for the trip on the disks, whose past is forgotten. What lies there at first is
// durable; of what leads to the trip only what its own commands have made so.
func stage(ctx context.Context, sub subject, tr trip, disks []*powercut.Disk) (*site, error) {
	dirs := []string{"pub", "archive", "state", "jobs"}
	for i, d := range disks {
		dirs[i] = filepath.Join(d.Dir, dirs[i])
		if err := os.RemoveAll(dirs[i]); err != nil {
			return &site{}, err
		}
	}
	s, err := tr.site(sub, fixture.Site{Root: dirs[0], Archive: dirs[1], State: dirs[2], Jobs: dirs[3]})
	for _, d := range disks {
		err = errors.Join(err, d.Settle())
	}
	if err == nil {
		err = tr.walk(ctx, s)
	}
	return s, err
}

// cut runs cmd to the power cut.
func (s *site) cut(ctx context.Context, cmd *exec.Cmd, c powercut.Cut) (outcome, error) {
	ctx, cancel := context.WithTimeout(ctx, stuck)
	defer cancel()
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	out, err := c.Run(ctx, cmd)
	return outcome{out, output.String()}, err
}

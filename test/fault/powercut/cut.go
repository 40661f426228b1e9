//go:build linux && (amd64 || arm64)

package powercut

import (
	"context"
	"errors"
	"os/exec"

	"mirrorctl/test/fault/inject"
)

// Cut is a power cut that waits for its moment.
type Cut struct {
	Disks []*Disk
	// When picks the counted call before which the power goes; the command dies with it. Where
	// it picks none, the power goes after the command's end. It sees each call once.
	When func(inject.Call) bool
	// Commit, which may be nil, picks at that moment the disks whose log is written out just before.
	Commit func(*Disk) bool
	// Meddle, which may be nil, judges the calls until then. To take out the k-th fsync:
	// inject.AtKind(inject.Sync, k, inject.Verdict{Then: inject.Lie}).
	Meddle inject.Decide
	// Dark, which may be nil, runs while the power is off: to end all other processes that use the disks.
	Dark func()
	// Symbols fill Call.Stack; see inject.Injector.
	Symbols *inject.Symbols
}

// At picks the n-th counted call.
func At(n int) func(inject.Call) bool {
	return func(c inject.Call) bool { return c.N == n }
}

// Run runs cmd to the cut and puts the power on again: when it returns without an error, the
// disks may be looked at.
func (c Cut) Run(ctx context.Context, cmd *exec.Cmd) (inject.Outcome, error) {
	dark := false
	in := inject.Injector{Symbols: c.Symbols, Decide: func(call inject.Call) inject.Verdict {
		switch {
		case c.When(call):
			return inject.Verdict{Then: inject.Kill, Hold: func() error { dark = true; return c.cut() }}
		case c.Meddle != nil:
			return c.Meddle(call)
		}
		return inject.Verdict{}
	}}
	for _, d := range c.Disks {
		in.Under = append(in.Under, d.Dir)
	}
	out, err := in.Run(ctx, cmd)
	if err == nil && !dark {
		err = c.cut()
	}
	if c.Dark != nil {
		c.Dark()
	}
	for _, d := range c.Disks {
		err = errors.Join(err, d.PowerOn())
	}
	return out, err
}

func (c Cut) cut() error {
	for _, d := range c.Disks {
		if c.Commit == nil || !c.Commit(d) {
			continue
		}
		if err := d.Commit(); err != nil {
			return err
		}
	}
	var errs []error
	for _, d := range c.Disks {
		errs = append(errs, d.CutPower())
	}
	return errors.Join(errs...)
}

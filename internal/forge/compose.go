package forge

import (
	"context"
	"fmt"
	"os"
	"time"

	"mirrorctl/copr"
	"mirrorctl/copr/hub"
	"mirrorctl/internal/config"
)

// composer writes tasks from the records and the declarations.
type composer struct {
	hub *hub.Hub
	cfg *config.Config
}

// maxScript is the largest script of a gate, in bytes.
const maxScript = 64 << 10

// Compose implements queue.Composer.
func (c composer) Compose(_ context.Context, b *copr.Build, chroot copr.Chroot) (copr.Task, error) {
	p, pkg, err := c.hub.Package(b.Project, b.Package)
	if err != nil {
		return copr.Task{}, err
	}
	profile, ok := p.Profiles[chroot.Target()]
	if !ok {
		return copr.Task{}, fmt.Errorf("nothing is known of %s: declare a profile for it", chroot.Target())
	}
	t := copr.Task{
		Build: b.ID, Chroot: chroot, Project: b.Project, Package: b.Package, EVR: b.EVR, SRPM: b.SRPM, Profile: profile,
		Timeout: pkg.Timeout, Epoch: epoch(b), Twice: pkg.Twice, Gate: pkg.Gate,
	}
	if t.Timeout == 0 {
		t.Timeout = time.Duration(c.cfg.Copr.Timeout)
	}
	if pkg.Script != "" {
		raw, err := os.ReadFile(pkg.Script)
		if err == nil && len(raw) > maxScript {
			err = fmt.Errorf("script %s: over %d bytes", pkg.Script, maxScript)
		}
		if err != nil {
			return copr.Task{}, err
		}
		t.Script = string(raw)
	}
	return t, nil
}

// epoch is the SOURCE_DATE_EPOCH of a build: when it was submitted, for all of its chroots and attempts.
func epoch(b *copr.Build) int64 { return b.Submitted.Unix() }

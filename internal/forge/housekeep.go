package forge

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"time"

	"mirrorctl/copr"
	"mirrorctl/copr/results"
	"mirrorctl/mirror"
)

// sweepEvery is how often the tree is tidied: what leaves it waits for days anyway.
const sweepEvery = time.Hour

// firstLook is how long the signer, which starts beside this, is given before it is first asked.
const firstLook = 200 * time.Millisecond

// housekeep gives every declared project its key and its repositories, so that who enables it before its first build meets
// no error, and removes from the tree what nobody needs any more.
func (f *Forge) housekeep(ctx context.Context) error {
	wait := firstLook
	var swept time.Time
	f.awaitSigner(ctx)
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
		err := f.ensure(ctx)
		if err == nil && time.Since(swept) > sweepEvery {
			_, err = f.tree.Sweep(ctx, records{f.queue.Ledger()}, f.site)
			err = errors.Join(err, f.places.uploads().sweep(f.queue.Ledger().List(copr.Query{}), time.Now()))
			swept = time.Now()
		}
		if err != nil && ctx.Err() == nil { // the signer may not be there yet
			f.log.WarnContext(ctx, "the results tree could not be tidied", "error", err)
			wait = min(2*wait, time.Minute)
		} else {
			wait = time.Minute
		}
	}
}

// awaitSigner gives the signer that starts beside us a moment: keys that are asked for before it listens would come ten
// seconds late, with a warning at every start.
func (f *Forge) awaitSigner(ctx context.Context) {
	var dialer net.Dialer
	for began := time.Now(); ctx.Err() == nil && time.Since(began) < 5*time.Second; time.Sleep(20 * time.Millisecond) {
		if c, err := dialer.DialContext(ctx, "unix", Signer(f.cfg)); err == nil {
			c.Close()
			return
		}
	}
}

// ensure makes what projects lack, and has the service look for it.
func (f *Forge) ensure(ctx context.Context) error {
	var errs []error
	made := false
	for _, p := range f.hub.Projects() {
		var lack []copr.Chroot
		for _, c := range p.Chroots {
			if f.site.State(c.Release()) == mirror.Active && !f.has(p, c) {
				lack = append(lack, c)
			}
		}
		// Asked with nothing lacking, too: a key may have been made or retired since, and pubkey.gpg follows.
		errs = append(errs, f.tree.Ensure(ctx, p, lack))
		made = made || len(lack) > 0
	}
	if made {
		errs = append(errs, f.site.Rescan(ctx))
	}
	return errors.Join(errs...)
}

// has reports whether a project's chroot has its repositories.
func (f *Forge) has(p copr.Project, c copr.Chroot) bool {
	for _, ch := range []copr.Channel{copr.Testing, copr.Stable} {
		if _, err := os.Stat(filepath.Join(f.cfg.Root, results.Dir(p.Name, ch, c), "repodata", "repomd.xml")); err != nil {
			return false
		}
	}
	return true
}

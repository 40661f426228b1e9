package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"time"

	"mirrorctl/archive"
	"mirrorctl/archive/dirstore"
	"mirrorctl/internal/config"
	"mirrorctl/internal/site"
	"mirrorctl/mirror"
)

// desk is what the commands on archived releases work with.
type desk struct {
	options  archiveOptions
	release  mirror.Release // the one at hand
	cfg      *config.Config
	view     *site.View
	archiver *archive.Archiver
	address  *url.URL // where clients of archived releases are sent
	progress *archive.Progress
	close    []func() error
}

// openDesk opens the archive for writing, as the configuration and the flags say.
func (a *app) openDesk(ctx context.Context, o archiveOptions) (_ *desk, err error) {
	cfg, err := a.config()
	if err != nil {
		return nil, err
	}
	if err := o.override(cfg); err != nil {
		return nil, err
	}
	if cfg.Archive.Store == "" {
		return nil, usagef("%s: archive.store is missing: the directory where archived releases live", cfg.File)
	}
	d := &desk{options: o, cfg: cfg, progress: &archive.Progress{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.Close())
		}
	}()
	if d.view, err = site.Look(ctx, cfg); err != nil {
		return nil, explainMissing(cfg, err)
	}
	state, err := mirror.OpenFileState(cfg.State)
	if err != nil {
		return nil, explainMissing(cfg, err)
	}
	d.close = append(d.close, state.Close)
	if err := state.Tidy(ctx); err != nil {
		return nil, err
	}
	store, err := dirstore.Open(cfg.Archive.Store, dirstore.LinkMode(o.link))
	if err != nil {
		return nil, explainMissing(cfg, err)
	}
	d.close = append(d.close, store.Close)
	if err := store.Tidy(); err != nil {
		return nil, fmt.Errorf("tidy the archive: %w", err)
	}
	if d.address, err = archiveAddress(ctx, cfg, state); err != nil {
		return nil, err
	}
	prober, err := archive.NewHTTPProber(d.address.String())
	if err != nil {
		return nil, err
	}
	d.archiver, err = archive.Open(archive.Site{
		Root: cfg.Root, Dir: cfg.State, Store: store, State: state, Followers: state, Prober: prober,
		Grace: time.Duration(cfg.Archive.Grace), Quiet: time.Duration(cfg.Archive.Quiet), Retention: time.Duration(cfg.Archive.Retention),
		Bandwidth: int64(cfg.Archive.BandwidthLimit), Progress: d.progress,
	})
	if err != nil {
		return nil, explainMissing(cfg, err)
	}
	d.close = append(d.close, d.archiver.Close)
	return d, nil
}

// archiveAddress is where clients are sent: the configured address, or that of the service which runs now,
// whose command line may have changed it.
func archiveAddress(ctx context.Context, cfg *config.Config, state mirror.Followers) (*url.URL, error) {
	if cfg.Archive.URL.IsZero() {
		running, err := state.Followers(ctx)
		if err != nil {
			return nil, err
		}
		for _, f := range running {
			if f.Archive != "" {
				return url.Parse(f.Archive)
			}
		}
	}
	return cfg.ArchiveURL(), nil
}

// explainMissing says which key of the configuration named what is not there, or is no directory.
func explainMissing(cfg *config.Config, err error) error {
	var p *fs.PathError
	if !errors.As(err, &p) {
		return err
	}
	for _, k := range []struct{ key, dir string }{{"root", cfg.Root}, {"state", cfg.State}, {"archive.store", cfg.Archive.Store}} {
		if p.Path != k.dir {
			continue
		}
		if errors.Is(err, fs.ErrNotExist) {
			return usagef("%s: %s: %s is not there; make it, or mount what belongs there (it is never made silently)", cmp.Or(cfg.File, "configuration"), k.key, k.dir)
		}
		if st, err := os.Stat(k.dir); err == nil && !st.IsDir() {
			return usagef("%s: %s: %s is not a directory; name another, or move away what is there", cmp.Or(cfg.File, "configuration"), k.key, k.dir)
		}
	}
	return err
}

func (d *desk) Close() error {
	var errs []error
	for i := len(d.close) - 1; i >= 0; i-- {
		errs = append(errs, d.close[i]())
	}
	return errors.Join(errs...)
}

// say prints one line for people.
func (a *app) say(format string, args ...any) { fmt.Fprintf(a.stderr, format+"\n", args...) }

package archive

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"mirrorctl/internal/durable"
	"mirrorctl/mirror"
)

// preflight looks at the site without changing it: nesting, room, what the store holds already.
func (a *Archiver) preflight(ctx context.Context, p *Plan) error {
	if err := a.checkNesting(); err != nil {
		return err
	}
	if err := a.checkDevices(p); err != nil {
		return err
	}
	stored, err := a.stored(ctx, p.Target.Trees)
	if err != nil {
		return err
	}
	var bytes, names int64
	for _, e := range p.entries {
		o, ok := stored[e.Path]
		if ok {
			if what := differs(e, o); what != "" {
				p.Problems = append(p.Problems, Problem{Path: e.Path, Kind: ProblemConflict, Text: "the archive holds " + what})
			}
			delete(stored, e.Path)
			continue
		}
		names++
		if e.Type == File && e.HardLink == "" {
			bytes += e.Size
		}
	}
	if n := len(stored); n > 0 {
		p.Warnings = append(p.Warnings, fmt.Sprintf("the archive holds %d names below these trees that the root does not; they stay", n))
	}
	return a.checkRoom(ctx, bytes, names)
}

// checkNesting refuses a store within the root and a root within the store: each would
// archive or list the other.
func (a *Archiver) checkNesting() error {
	local, ok := a.site.Store.(Local)
	if !ok {
		return nil
	}
	root, err := filepath.EvalSymlinks(a.site.Root)
	if err != nil {
		return &PreflightError{"root", err}
	}
	store, err := filepath.EvalSymlinks(local.LocalDir())
	if err != nil {
		return &PreflightError{"archive store", err}
	}
	if within(root, store) || within(store, root) {
		return &PreflightError{fmt.Sprintf("root %s and archive store %s must lie apart", root, store), ErrNested}
	}
	return nil
}

func within(outer, inner string) bool {
	rel, err := filepath.Rel(outer, inner)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, "../")
}

// checkDevices warns of trees that cannot be renamed into the trash.
func (a *Archiver) checkDevices(p *Plan) error {
	home, err := a.device("")
	if err != nil {
		return err
	}
	for _, tree := range p.Target.Trees {
		if dev, err := a.device(tree); err == nil && dev != home {
			p.Warnings = append(p.Warnings, fmt.Sprintf("%s is a filesystem of its own: it can be archived but not pruned", tree))
		} else if err != nil && !absent(err) {
			return err
		}
	}
	return nil
}

func (a *Archiver) device(p mirror.Path) (uint64, error) {
	d, err := durable.OpenDir(a.root, p.FS())
	if err != nil {
		return 0, err
	}
	defer d.Close()
	st, err := d.Stat(".")
	return uint64(st.Dev), err
}

// checkRoom asks for 5 % more than is needed.
func (a *Archiver) checkRoom(ctx context.Context, bytes, names int64) error {
	c, ok := a.site.Store.(Capacity)
	if !ok {
		return nil
	}
	free, files, err := c.Free(ctx)
	if err != nil {
		return &PreflightError{"ask the archive store for free space", err}
	}
	if need := bytes + bytes/20; free >= 0 && need > free {
		return &PreflightError{What: fmt.Sprintf("the archive store has %d bytes free, the job needs %d (with 5 %% to spare); make room", free, need)}
	}
	if need := names + names/20; files >= 0 && need > files {
		return &PreflightError{What: fmt.Sprintf("the archive store has %d inodes free, the job needs %d (with 5 %% to spare); make room", files, need)}
	}
	return nil
}

// stored lists what the store holds below trees.
func (a *Archiver) stored(ctx context.Context, trees []mirror.Path) (map[mirror.Path]Object, error) {
	all := map[mirror.Path]Object{}
	for _, tree := range trees {
		for o, err := range a.site.Store.List(ctx, tree) {
			if err != nil {
				return nil, fmt.Errorf("list archive: %w", err)
			}
			all[o.Path] = o
		}
	}
	return all, nil
}

// differs says how a stored object cannot be e; "" where only its bytes can tell.
func differs(e Entry, o Object) string {
	switch {
	case o.Type != e.Type:
		return fmt.Sprintf("a %s there", o.Type)
	case e.Type == File && o.Size != e.Size:
		return fmt.Sprintf("another file there, of %d bytes instead of %d", o.Size, e.Size)
	case e.Type == Symlink && o.Target != e.Target:
		return fmt.Sprintf("a symlink to %q there instead of %q", o.Target, e.Target)
	}
	return ""
}

// ProbePath is where the probe object lies in the store. Unlike our other names it must be
// served: a preflight writes it and fetches it through the archive's URL.
const ProbePath mirror.Path = ".well-known/mirrorctl-probe"

// probe writes a new probe object and fetches it as clients would. Wrong bytes are an error:
// the URL leads to another archive. Silence is a warning, since nothing is deleted before
// the canary, which is stricter. The write itself shows whether the store can be written at all.
func (a *Archiver) probe(ctx context.Context, skip bool) (warning string, err error) {
	want := fmt.Sprintf("mirrorctl probe %s %s\n", a.now().Format(time.RFC3339Nano), rand.Text())
	_, tag, err := a.docs.Load(ctx, ProbePath)
	if err != nil && !absent(err) {
		return "", &PreflightError{"read the archive store", err}
	}
	// Another run may write its own probe at the same time: then there is nothing to fetch.
	if _, err := a.docs.Swap(ctx, ProbePath, tag, []byte(want)); errors.Is(err, ErrMoved) {
		return "another run probed the archive at the same time; its URL was not tried", nil
	} else if err != nil {
		return "", &PreflightError{"the archive store cannot be written", err}
	}
	switch {
	case skip:
		return "", nil
	case a.site.Prober == nil:
		return "the archive has no URL: nobody has seen it answer", nil
	}
	r, err := a.site.Prober.Fetch(ctx, ProbePath)
	if err != nil {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		return fmt.Sprintf("the archive's URL did not answer for a probe object: %v", err), nil
	}
	defer r.Close()
	got, err := io.ReadAll(io.LimitReader(r, int64(len(want))+1))
	if err != nil {
		return fmt.Sprintf("the archive's URL broke off a probe object: %v", err), nil
	}
	if string(got) != want {
		// An older probe of ours means a cache in between, which would hold back metadata as well.
		return "", &PreflightError{What: fmt.Sprintf("the archive's URL answers for %s with other bytes than the store holds: it leads elsewhere, or a cache is in between; set archive.url", ProbePath)}
	}
	return "", nil
}

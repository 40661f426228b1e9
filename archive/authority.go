package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"slices"

	"mirrorctl/mirror"
	"mirrorctl/repomd"
)

// authorities gathers what the metadata among entries says of other files. It reads through
// an fs.FS, so that it can be asked of the root and, when verifying, of the archive.
type authorities struct {
	ctx      context.Context
	fsys     fs.FS
	entries  []Entry
	claims   map[mirror.Path][]Claim
	problems []Problem
}

// readAuthorities reads all metadata among entries. What is wrong with single documents is
// among the problems; the error is ctx's.
func readAuthorities(ctx context.Context, fsys fs.FS, entries []Entry) (*authorities, error) {
	a := &authorities{ctx: ctx, fsys: fsys, entries: entries, claims: map[mirror.Path][]Claim{}}
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if e.Type == Dir {
			continue
		}
		switch mirror.KindOf(e.Path) {
		case mirror.KindRepomd:
			a.repository(e.Path)
		case mirror.KindTreeinfo:
			a.list(e.Path, ByTreeinfo, parseTreeinfo)
		case mirror.KindChecksum:
			a.list(e.Path, BySums, parseSums)
		}
	}
	return a, ctx.Err()
}

// repository reads one repomd.xml and what of its files speaks for others.
func (a *authorities) repository(name mirror.Path) {
	dir := name.Dir().Dir()
	md, err := repomd.Load(a.fsys, dir.FS())
	if err != nil {
		a.problem(name, ProblemCorrupt, err.Error())
		return
	}
	for _, d := range md.Data {
		if d.Base != "" {
			continue // lies elsewhere
		}
		p, ok := a.listed(dir, d.Href, Claim{By: ByRepomd, In: name, Size: d.Size, Algo: d.Checksum.Type, Hex: d.Checksum.Hex})
		if !ok {
			continue
		}
		switch mirror.KindOf(p) {
		case mirror.KindPrimary:
			if d.Type == "primary" {
				a.speaks(dir, p, d, a.packages)
			}
		case mirror.KindPrestodelta:
			a.speaks(dir, p, d, a.deltas)
		}
	}
}

// speaks proves a metadata file by what repomd.xml says of it and then lets it speak.
func (a *authorities) speaks(dir, p mirror.Path, d repomd.Data, read func(dir, in mirror.Path, r io.Reader) error) {
	if !d.Checksum.IsZero() {
		f, err := a.fsys.Open(p.FS())
		if err == nil {
			err = errors.Join(d.Check(f), f.Close())
		}
		if err != nil {
			a.problem(p, ProblemCorrupt, err.Error())
			return
		}
	}
	r, err := repomd.Open(a.fsys, dir.FS(), d)
	if err == nil {
		err = errors.Join(read(dir, p, r), r.Close())
	}
	if err != nil {
		a.problem(p, ProblemCorrupt, err.Error())
	}
}

func (a *authorities) packages(dir, in mirror.Path, r io.Reader) error {
	for p, err := range repomd.Packages(r) {
		if err != nil {
			return err
		}
		if p.Base != "" {
			continue
		}
		a.listed(dir, p.Href, Claim{By: ByPrimary, In: in, Size: p.Size, Algo: p.Checksum.Type, Hex: p.Checksum.Hex})
	}
	return a.ctx.Err()
}

func (a *authorities) deltas(dir, in mirror.Path, r io.Reader) error {
	for d, err := range repomd.Deltas(r) {
		if err != nil {
			return err
		}
		a.listed(dir, d.Href, Claim{By: ByDeltas, In: in, Size: d.Size, Algo: d.Checksum.Type, Hex: d.Checksum.Hex})
	}
	return a.ctx.Err()
}

// listed notes a claim on what a repository lists; a file that is not there is a problem.
func (a *authorities) listed(dir mirror.Path, href string, c Claim) (mirror.Path, bool) {
	p, e, ok := a.resolve(dir, href)
	if !ok {
		a.problem(p, ProblemMissing, fmt.Sprintf("listed by %s and not there", c.In))
		return p, false
	}
	a.claim(e, c)
	return p, true
}

// resolve finds what href means in dir: as written, or percent-decoded, which is what a
// server makes of it.
func (a *authorities) resolve(dir mirror.Path, href string) (mirror.Path, Entry, bool) {
	p := dir.Join(mirror.Path(href))
	if e, ok := find(a.entries, p); ok && e.Type != Dir {
		return p, e, true
	}
	if s, err := url.PathUnescape(href); err == nil && s != href {
		if q, err := mirror.ParsePath(s); err == nil {
			if e, ok := find(a.entries, dir.Join(q)); ok && e.Type != Dir {
				return e.Path, e, true
			}
		}
	}
	return p, Entry{}, false
}

func (a *authorities) claim(e Entry, c Claim) {
	if e.Type != File {
		return // what a symlink leads to is another path's affair
	}
	e.Path = groupOf(e) // one inode, one hash
	same := func(d Claim) bool { return d.Algo == c.Algo && d.Hex == c.Hex && d.Size == c.Size }
	if slices.ContainsFunc(a.claims[e.Path], same) {
		return
	}
	a.claims[e.Path] = append(a.claims[e.Path], c)
	if c.Size >= 0 && c.Size != e.Size {
		a.problem(e.Path, ProblemCorrupt, fmt.Sprintf("it has %d bytes, %s says %d", e.Size, c.In, c.Size))
	}
}

// maxList is the largest .treeinfo or checksum list read, in bytes.
const maxList = 1 << 20

// list reads a document that names files beside it. Files that it lists and that are not there
// are no problem: mirrors leave out images.
func (a *authorities) list(p mirror.Path, by Authority, parse func([]byte) []listedSum) {
	f, err := a.fsys.Open(p.FS())
	if err != nil {
		a.problem(p, ProblemUnreadable, err.Error())
		return
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxList))
	if err != nil {
		a.problem(p, ProblemUnreadable, err.Error())
		return
	}
	for _, s := range parse(data) {
		q, err := mirror.ParsePath(s.name)
		if err != nil || q == "" {
			continue
		}
		if e, ok := find(a.entries, p.Dir().Join(q)); ok && !mirror.KindOf(e.Path).IsMetadata() {
			a.claim(e, Claim{By: by, In: p, Size: s.size, Algo: s.algo, Hex: s.hex})
		}
	}
}

func (a *authorities) problem(p mirror.Path, kind ProblemKind, text string) {
	a.problems = append(a.problems, Problem{Path: p, Kind: kind, Text: text})
}

// claim gives the plan's entries their claims.
func (a *Archiver) claim(ctx context.Context, p *Plan) error {
	found, err := readAuthorities(ctx, a.root.FS(), p.entries)
	if err != nil {
		return err
	}
	for i := range p.entries {
		p.entries[i].Claims = found.claims[groupOf(p.entries[i])]
	}
	p.Problems = append(p.Problems, found.problems...)
	return nil
}

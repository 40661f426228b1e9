package repomd

import (
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"
)

// verifier is one run of Verify.
type verifier struct {
	fsys    fs.FS
	dir     string
	workers int
	outside *Progress // nil unless somebody watches

	done   Progress
	listed map[string]bool // every href; nil unless strays are looked for

	mu       sync.Mutex // guards what follows
	problems []Problem
	omitted  int
}

func newVerifier(fsys fs.FS, dir string, o VerifyOptions) *verifier {
	v := &verifier{fsys: fsys, dir: dir, workers: max(1, o.Workers), outside: o.Progress}
	if o.Strays {
		v.listed = map[string]bool{Name: true}
	}
	return v
}

func (v *verifier) finish() Report {
	slices.SortFunc(v.problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Fault, b.Fault), cmp.Compare(a.Want, b.Want))
	})
	return Report{
		Files:    int(v.done.Files.Load()),
		Packages: int(v.done.Packages.Load()),
		Bytes:    v.done.Bytes.Load(),
		Problems: v.problems,
		Omitted:  v.omitted,
	}
}

func (v *verifier) count(add func(*Progress)) {
	add(&v.done)
	if v.outside != nil {
		add(v.outside)
	}
}

func (v *verifier) report(p Problem) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.problems) == maxProblems {
		v.omitted++
		return
	}
	v.problems = append(v.problems, p)
}

// metadata checks every file that repomd.xml lists.
func (v *verifier) metadata(ctx context.Context, repo *Repomd) {
	v.checkAll(ctx, slices.Values(repo.Data), func(p *Progress) { p.Files.Add(1) })
}

// packages checks every file that the lists of packages and of deltas list, and reports whether it
// could read both to the end. A list that is itself wrong has been reported, and what it says
// proves nothing.
func (v *verifier) packages(ctx context.Context, repo *Repomd) (complete bool) {
	bad := map[string]bool{}
	for _, p := range v.problems { // nobody else runs now
		bad[p.Path] = true
	}
	primary, found := repo.Find("primary", "primary_zck")
	if !found {
		v.report(Problem{Path: Name, Fault: Missing, Got: "it lists no primary"})
	}
	deltas, hasDeltas := repo.Find("prestodelta", "prestodelta_zck", "deltainfo", "deltainfo_zck")

	complete = found && !bad[primary.Href] && !bad[deltas.Href]
	files := func(yield func(Data) bool) {
		more := true
		give := func(href string, size int64, sum Checksum) bool {
			more = yield(Data{Href: href, Size: size, Checksum: sum, OpenSize: -1, HeaderSize: -1})
			return more
		}
		if found && !bad[primary.Href] {
			complete = readList(v, primary, Packages, func(p Package) bool {
				return give(p.Href, p.Size, p.Checksum)
			}) && complete
		}
		if more && hasDeltas && !bad[deltas.Href] {
			complete = readList(v, deltas, Deltas, func(d Delta) bool {
				return give(d.Href, d.Size, d.Checksum)
			}) && complete
		}
	}
	v.checkAll(ctx, files, func(p *Progress) { p.Packages.Add(1) })
	return complete
}

// readList reads the content of d by parse, gives what it lists to yield, and reports whether it
// came to the end. What cannot be read is a problem of d.
func readList[T any](v *verifier, d Data, parse func(io.Reader) iter.Seq2[T, error], yield func(T) bool) bool {
	content, err := Open(v.fsys, v.dir, d)
	if err != nil {
		v.report(v.problemOf(d.Href, err))
		return false
	}
	defer content.Close()
	for item, err := range parse(content) {
		if err != nil {
			v.report(v.problemOf(d.Href, err))
			return false
		}
		if !yield(item) {
			return false
		}
	}
	return true
}

// checkAll checks files, as many at once as there are workers, until ctx ends.
func (v *verifier) checkAll(ctx context.Context, files iter.Seq[Data], add func(*Progress)) {
	var group errgroup.Group
	group.SetLimit(v.workers)
	for d := range files {
		if ctx.Err() != nil {
			break
		}
		if v.listed != nil {
			v.listed[d.Href] = true
		}
		group.Go(func() error {
			if err := v.check(ctx, d); err != nil {
				v.report(v.problemOf(d.Href, err))
			}
			v.count(add)
			return nil
		})
	}
	group.Wait()
}

func (v *verifier) check(ctx context.Context, d Data) error {
	f, err := openStored(v.fsys, v.dir, d.Href)
	if err != nil {
		return err
	}
	defer f.Close()
	return d.Check(&watchedReader{ctx, f, v})
}

// watchedReader stops with its context and counts.
type watchedReader struct {
	ctx context.Context
	r   io.Reader
	v   *verifier
}

func (w *watchedReader) Read(p []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := w.r.Read(p)
	w.v.count(func(p *Progress) { p.Bytes.Add(int64(n)) })
	return n, err
}

// problemOf says what an error means for the file at href.
func (v *verifier) problemOf(href string, err error) Problem {
	if differs, ok := errors.AsType[*ChecksumError](err); ok {
		return Problem{Path: href, Fault: differs.Fault, Want: differs.Want, Got: differs.Got}
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Problem{Path: href, Fault: Missing}
	case errors.Is(err, errUnchecked):
		return Problem{Path: href, Fault: Unchecked}
	}
	text := err.Error()
	for _, name := range []string{v.dir, href} { // Path says it already
		text = strings.TrimPrefix(text, strconv.Quote(name)+": ")
	}
	return Problem{Path: href, Fault: Unreadable, Got: text}
}

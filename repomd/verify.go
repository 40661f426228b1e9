package repomd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync/atomic"
)

// VerifyOptions say how far Verify goes.
type VerifyOptions struct {
	Packages bool      // every package of primary and every delta RPM too, not the metadata alone
	Strays   bool      // files that nothing lists are problems too: in repodata, and packages if Packages
	Workers  int       // files read at once; 0 is one
	Progress *Progress // Optional: counts while Verify runs
}

// maxProblems is how many problems a report keeps.
const maxProblems = 10_000

// Report is what Verify found. The repository is good if and only if it has no problems.
type Report struct {
	Files    int   // of metadata, repomd.xml included
	Packages int   // and delta RPMs; 0 unless asked for
	Bytes    int64 // of all that was read
	Problems []Problem
	Omitted  int // problems beyond the 10,000 that are kept
}

// Good reports whether all that was asked for is there and as listed.
func (r Report) Good() bool { return len(r.Problems) == 0 }

// Problem is one file that is not as it should be.
type Problem struct {
	Path      string // below the repository
	Fault     Fault
	Want, Got string // "sha256:…", "123 bytes", or for Unreadable the error; "" where there is nothing to say
}

func (p Problem) String() string {
	switch {
	case p.Want != "":
		return fmt.Sprintf("%s: %s: is %s, listed as %s", p.Path, p.Fault, p.Got, p.Want)
	case p.Got != "":
		return fmt.Sprintf("%s: %s: %s", p.Path, p.Fault, p.Got)
	}
	return fmt.Sprintf("%s: %s", p.Path, p.Fault)
}

// Progress counts what a running Verify has done. It may be shared by several.
type Progress struct{ Files, Packages, Bytes atomic.Int64 }

// Verify proves the repository dir of fsys: that repomd.xml is readable, that every file it lists
// is there with the listed size, checksum, open-size, open-checksum and zchunk header, and if
// asked that every package is. It streams: unless strays are looked for, memory does not grow with
// the repository. What is wrong with the repository is in the report; the error says why there
// is no report: ctx ended, or fs.ErrNotExist, dir is not a repository.
func Verify(ctx context.Context, fsys fs.FS, dir string, o VerifyOptions) (Report, error) {
	v := newVerifier(fsys, dir, o)
	repo, err := Load(fsys, dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Report{}, err
	case err != nil:
		v.report(v.problemOf(Name, err))
	default:
		v.count(func(p *Progress) { p.Files.Add(1); p.Bytes.Add(int64(len(repo.Raw))) })
		v.metadata(ctx, repo)
		complete := o.Packages && v.packages(ctx, repo)
		if o.Strays {
			v.strays(ctx, complete)
		}
	}
	if ctx.Err() != nil {
		return Report{}, fmt.Errorf("verify %q: %w", dir, context.Cause(ctx))
	}
	return v.finish(), nil
}

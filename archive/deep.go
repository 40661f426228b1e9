package archive

import (
	"context"
	"errors"
	"slices"
	"sync"
)

// hashAll reads every file of a plan and holds it against its claims, so that a dry run finds
// what copying would.
func (a *Archiver) hashAll(ctx context.Context, p *Plan) error {
	var bytes int64
	index := map[string]int{}
	for i, e := range p.entries {
		index[string(e.Path)] = i
		if e.Type == File && e.HardLink == "" {
			bytes += e.Size
		}
	}
	a.prog.begin(PhasePlan, int64(len(p.entries)), bytes)
	var mu sync.Mutex
	err := a.each(ctx, filter(p.entries, func(e Entry) bool { return e.Type == File && e.HardLink == "" }), func(ctx context.Context, e Entry) error {
		sum, _, err := a.hashRoot(ctx, e, accepted(p.Options.Accept, e.Path))
		a.prog.files.Add(1)
		mu.Lock()
		defer mu.Unlock()
		if kind, one := fileFault(err); one {
			known := slices.ContainsFunc(p.Problems, func(q Problem) bool { return q.Path == e.Path && q.Kind == kind })
			if !known { // its size may have told already
				p.Problems = append(p.Problems, Problem{Path: e.Path, Kind: kind, Text: err.Error()})
			}
			return nil
		}
		p.entries[index[string(e.Path)]].Sum = sum
		return err
	})
	for i, e := range p.entries {
		if e.HardLink != "" {
			p.entries[i].Sum = p.entries[index[string(e.HardLink)]].Sum
		}
	}
	return err
}

// fileFault tells errors that are about one file's content.
func fileFault(err error) (ProblemKind, bool) {
	switch {
	case errors.Is(err, errCorrupt):
		return ProblemCorrupt, true
	case errors.Is(err, errChanged):
		return ProblemUnreadable, true
	}
	return "", false
}

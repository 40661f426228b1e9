package fit

import (
	"context"
	"strings"

	"mirrorctl/repomd/index"
)

// closure: everything that a package requires is in the target, or in a package of the same delivery.
func closure(ctx context.Context, e Expect, all []*pkg) (r result, err error) {
	if e.Target == nil {
		r.skipf("no metadata of %s is configured", e.Chroot.Target())
		return r, nil
	}
	own := offers{provides: map[string][]version{}, files: map[string]bool{}}
	var needs []need
	var paths []string
	for _, p := range all {
		if p.Arch == "src" {
			continue
		}
		for _, d := range p.Provides {
			evr, _ := index.ParseEVR(d.Version)
			own.provides[d.Name] = append(own.provides[d.Name], version{d.Op(), evr})
		}
		for _, f := range p.Files {
			own.files[f.Path()] = true
		}
		for _, d := range p.Requires {
			if strings.HasPrefix(d.Name, "rpmlib(") {
				continue
			}
			n, err := parseNeed(d)
			if err != nil {
				r.failf("%s requires %s: %v", p.file, d.Name, err)
				continue
			}
			n.by = p.file
			needs = append(needs, n)
			paths = n.paths(paths)
		}
	}
	own.target = e.Target
	if err := e.Target.wants(ctx, paths); err != nil {
		return r, err
	}
	told := map[string]bool{}
	for _, n := range needs {
		if !n.met(&own) && !told[n.by+n.text] {
			told[n.by+n.text] = true
			r.failf("%s requires %s, which neither %s nor this build provides", n.by, n.text, e.Chroot.Target())
		}
	}
	return r, nil
}

// offers are the capabilities of the delivery, and behind it the target's.
type offers struct {
	provides map[string][]version
	files    map[string]bool
	target   *Target
}

// has reports whether anything provides the relation.
func (o *offers) has(name, op string, evr index.EVR) bool {
	if strings.HasPrefix(name, "/") && (o.files[name] || o.target.hasFile(name)) {
		return true
	}
	for _, list := range [][]version{o.provides[name], o.target.provides[name]} {
		for _, v := range list {
			if v.meets(op, evr) {
				return true
			}
		}
	}
	return false
}

// meets follows libsolv: what is provided without a version meets no requirement that has one.
func (v version) meets(op string, want index.EVR) bool {
	if op == "" {
		return true
	}
	if v.flags == "" {
		return false
	}
	have := v.evr
	if have.Release == "" || want.Release == "" {
		have.Release, want.Release = "", ""
	}
	less, greater, equal := ops(v.flags)
	wantLess, wantGreater, wantEqual := ops(op)
	switch c := have.Compare(want); {
	case c < 0:
		return greater || wantLess
	case c > 0:
		return less || wantGreater
	}
	return less && wantLess || greater && wantGreater || equal && wantEqual
}

// ops splits LE into less and equal.
func ops(s string) (less, greater, equal bool) {
	return s == "LT" || s == "LE", s == "GT" || s == "GE", s == "EQ" || s == "LE" || s == "GE"
}

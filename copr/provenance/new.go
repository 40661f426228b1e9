package provenance

import (
	"cmp"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"

	"mirrorctl/copr"
)

// Facts are what a build's record does not hold.
type Facts struct {
	Spec    copr.File     // the spec file; zero where the source is a source package
	Profile copr.Profile  // of the chroot
	Epoch   int64         // SOURCE_DATE_EPOCH
	Gates   []copr.Report // of the hub, beside those that the builder delivered
}

// New states how the packages of one chroot of b came to be: c.Result says which they are, and the source package stands
// beside them. What New was not told is missing from
// the statement: Complete says so.
func New(b *copr.Build, c *copr.BuildChroot, f Facts) *Statement {
	s := &Statement{Type: StatementType, PredicateType: PredicateType}
	def, run := &s.Predicate.BuildDefinition, &s.Predicate.RunDetails
	def.BuildType = BuildType
	def.ExternalParameters = External{Project: b.Project, Package: b.Package, Version: b.Version, EVR: b.EVR, Chroot: c.Chroot, Channel: b.Channel}
	def.InternalParameters = Internal{Build: b.ID, Attempt: c.Attempt, Epoch: f.Epoch, Profile: f.Profile}
	add := func(role, name, uri, sum string) {
		d := Descriptor{Name: name, URI: uri, Annotations: map[string]string{"role": role}}
		if sum != "" {
			d.Digest = map[string]string{"sha256": sum}
		}
		def.ResolvedDependencies = append(def.ResolvedDependencies, d)
	}
	if !b.SRPM.IsZero() {
		add(roleSRPM, b.SRPM.Name, "", b.SRPM.SHA256)
	}
	if !f.Spec.IsZero() {
		add(roleSpec, f.Spec.Name, "", f.Spec.SHA256)
	}
	for _, src := range b.Sources {
		if !strings.HasSuffix(src.URL, ".src.rpm") {
			name, uri := public(src.URL)
			add(roleSource, cmp.Or(src.Name, name), uri, src.SHA256)
		}
	}
	run.Gates = []copr.Report{}
	if r := c.Result; r != nil {
		for _, file := range r.Files {
			d := Descriptor{Name: file.Name, Digest: map[string]string{"sha256": file.SHA256}}
			if strings.HasSuffix(file.Name, ".rpm") {
				s.Subject = append(s.Subject, d)
			} else {
				run.Byproducts = append(run.Byproducts, d)
			}
		}
		if Source(b, c) {
			s.Subject = append(s.Subject, Descriptor{Name: b.SRPM.Name, Digest: map[string]string{"sha256": b.SRPM.SHA256}})
		}
		for _, name := range r.Buildroot {
			add(roleBuildroot, name, "", "")
		}
		if r.Builder != "" {
			run.Builder.ID = "tag:mirrorctl,2026:copr/builder/" + url.PathEscape(r.Builder)
			run.Builder.Version = map[string]string{"kind": r.Kind, "host": r.Host}
		}
		run.Root, run.Reproducible = r.Root, r.Reproducible
		run.Gates = append(run.Gates, r.Gates...)
		run.Metadata.StartedOn, run.Metadata.FinishedOn = r.Started.UTC(), r.Ended.UTC()
	}
	run.Gates = append(run.Gates, f.Gates...)
	run.Metadata.InvocationID = fmt.Sprintf("%d/%s/%d", b.ID, c.Chroot, c.Attempt)
	byName := func(a, b Descriptor) int { return cmp.Compare(a.Name, b.Name) }
	slices.SortFunc(s.Subject, byName)
	slices.SortFunc(run.Byproducts, byName)
	return s
}

// Source reports whether the source package, from which all was built, is published beside the packages of a chroot: it is
// where there are any, unless the builder delivered one of its own.
func Source(b *copr.Build, c *copr.BuildChroot) bool {
	if b.SRPM.IsZero() || c.Result == nil {
		return false
	}
	packages := false
	for _, f := range c.Result.Files {
		if strings.HasSuffix(f.Name, ".src.rpm") {
			return false
		}
		packages = packages || strings.HasSuffix(f.Name, ".rpm")
	}
	return packages
}

// public is what may be told of a URL: not a password, nor a token in the query, nor where a file lies on this machine.
func public(s string) (name, uri string) {
	u, err := url.Parse(s)
	if err != nil {
		return "", ""
	}
	name = path.Base(u.Path)
	if u.Scheme == "file" {
		return name, ""
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return name, u.String()
}

// Published is the statement of the packages as they are offered: signing has changed each subject's file, and its digest.
// What the builder delivered is kept beside it, as a byproduct.
func (s *Statement) Published(files []copr.File) *Statement {
	p := *s
	p.Subject = slices.Clone(s.Subject)
	run := &p.Predicate.RunDetails
	run.Byproducts = slices.Clone(run.Byproducts)
	for i, d := range p.Subject {
		for _, f := range files {
			if f.Name == d.Name && f.SHA256 != d.Digest["sha256"] {
				delivered := d
				delivered.Annotations = map[string]string{"role": roleDelivered}
				run.Byproducts = append(run.Byproducts, delivered)
				p.Subject[i].Digest = map[string]string{"sha256": f.SHA256}
			}
		}
	}
	return &p
}

// Of is the statement of one subject alone: what lies beside one package.
func (s *Statement) Of(name string) *Statement {
	p := *s
	p.Subject = slices.DeleteFunc(slices.Clone(s.Subject), func(d Descriptor) bool { return d.Name != name })
	return &p
}

package provenance_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"mirrorctl/copr"
	"mirrorctl/copr/provenance"
)

var (
	sum   = strings.Repeat("0123456789abcdef", 4)
	other = strings.Repeat("fedcba9876543210", 4)
	began = time.Date(2026, 11, 1, 12, 0, 0, 0, time.FixedZone("", 3600))
)

func build() (*copr.Build, *copr.BuildChroot, provenance.Facts) {
	chroot := copr.Chroot{Distribution: "epel", Version: "9", Arch: "x86_64"}
	b := &copr.Build{ID: 42, Project: copr.ProjectName{Owner: "@g", Name: "p"}, Package: "p", Version: "1", EVR: "1-1", Channel: copr.Testing,
		SRPM:    copr.File{Name: "p-1-1.src.rpm", Size: 1, SHA256: sum},
		Sources: []copr.Source{{URL: "https://me:password@example.org/p-1.tar.gz?key=password#password", SHA256: sum}}}
	c := &copr.BuildChroot{Chroot: chroot, Attempt: 2, Result: &copr.Result{
		Outcome: copr.Outcome{Root: "the host", Buildroot: []string{"gcc-14-1.x86_64"}},
		Builder: "b 1", Kind: "rpmbuild", Host: "Linux", Started: began, Ended: began.Add(time.Minute),
		Files: []copr.File{{Name: "p-1-1.x86_64.rpm", SHA256: sum}, {Name: "builder-live.log.gz", SHA256: other}},
		Gates: []copr.Report{{Gate: "install", Checks: []copr.Check{{Name: "install", Verdict: copr.Pass}}}},
	}}
	return b, c, provenance.Facts{Spec: copr.File{Name: "p.spec", SHA256: sum}, Epoch: 1700000000,
		Gates: []copr.Report{{Gate: "fit", Checks: []copr.Check{{Name: "identity", Verdict: copr.Pass}, {Name: "closure", Verdict: copr.Skip}}}}}
}

// TestStatement: a whole build makes a complete statement, which reads back as it was and tells no secrets.
func TestStatement(t *testing.T) {
	s := provenance.New(build())
	if err := s.Complete(); err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	again, err := provenance.Parse(raw)
	if err != nil || !reflect.DeepEqual(s, again) {
		t.Errorf("read back %+v, %v", again, err)
	}
	for _, want := range []string{`"_type":"https://in-toto.io/Statement/v1"`, `"predicateType":"https://slsa.dev/provenance/v1"`, `"chroot":"epel-9-x86_64"`,
		`"invocationId":"42/epel-9-x86_64/2"`, `"startedOn":"2026-11-01T11:00:00Z"`, `"uri":"https://example.org/p-1.tar.gz"`, `copr/builder/b%201`} {
		if !strings.Contains(string(raw), want) {
			t.Errorf("no %s in %s", want, raw)
		}
	}
	if strings.Contains(string(raw), "password") {
		t.Errorf("a secret of a URL is in %s", raw)
	}
	if len(s.Subject) != 2 || s.SHA256("p-1-1.src.rpm") != sum || s.SHA256("p-1-1.x86_64.rpm") != sum || s.SHA256("builder-live.log.gz") != "" {
		t.Errorf("subjects %+v", s.Subject)
	}
	if _, err := provenance.Parse(append(raw, raw...)); err == nil {
		t.Error("two statements were read as one")
	}
}

// TestPublished: the statement that is offered names the signed file, and still what the builder delivered.
func TestPublished(t *testing.T) {
	s := provenance.New(build())
	p := s.Published([]copr.File{{Name: "p-1-1.x86_64.rpm", SHA256: other}})
	if p.SHA256("p-1-1.x86_64.rpm") != other || s.SHA256("p-1-1.x86_64.rpm") != sum || len(s.Predicate.RunDetails.Byproducts) != 1 {
		t.Errorf("%+v of %+v", p, s)
	}
	last := p.Predicate.RunDetails.Byproducts[1]
	if last.Digest["sha256"] != sum || last.Annotations["role"] != "delivered" {
		t.Errorf("byproduct %+v", last)
	}
	if err := p.Complete(); err != nil {
		t.Error(err)
	}
	if one := p.Of("p-1-1.x86_64.rpm"); len(one.Subject) != 1 || one.Complete() != nil || p.Of("x").Complete() == nil {
		t.Errorf("%+v", one)
	}
}

// TestIncomplete: each fact is missed, one at a time.
func TestIncomplete(t *testing.T) {
	for name, drop := range map[string]func(*copr.Build, *copr.BuildChroot, *provenance.Facts){
		"the result":           func(_ *copr.Build, c *copr.BuildChroot, _ *provenance.Facts) { c.Result = nil },
		"packages":             func(_ *copr.Build, c *copr.BuildChroot, _ *provenance.Facts) { c.Result.Files = nil },
		"a digest":             func(_ *copr.Build, c *copr.BuildChroot, _ *provenance.Facts) { c.Result.Files[0].SHA256 = "" },
		"the project":          func(b *copr.Build, _ *copr.BuildChroot, _ *provenance.Facts) { b.Project = copr.ProjectName{} },
		"the version":          func(b *copr.Build, _ *copr.BuildChroot, _ *provenance.Facts) { b.EVR = "" },
		"the chroot":           func(_ *copr.Build, c *copr.BuildChroot, _ *provenance.Facts) { c.Chroot = copr.Chroot{} },
		"the attempt":          func(_ *copr.Build, c *copr.BuildChroot, _ *provenance.Facts) { c.Attempt = 0 },
		"the source package":   func(b *copr.Build, _ *copr.BuildChroot, _ *provenance.Facts) { b.SRPM = copr.File{} },
		"a source's digest":    func(b *copr.Build, _ *copr.BuildChroot, _ *provenance.Facts) { b.Sources[0].SHA256 = "" },
		"the spec":             func(_ *copr.Build, _ *copr.BuildChroot, f *provenance.Facts) { f.Spec = copr.File{} },
		"the epoch":            func(_ *copr.Build, _ *copr.BuildChroot, f *provenance.Facts) { f.Epoch = 0 },
		"the buildroot":        func(_ *copr.Build, c *copr.BuildChroot, _ *provenance.Facts) { c.Result.Buildroot = nil },
		"the buildroot's kind": func(_ *copr.Build, c *copr.BuildChroot, _ *provenance.Facts) { c.Result.Root = "" },
		"the builder":          func(_ *copr.Build, c *copr.BuildChroot, _ *provenance.Facts) { c.Result.Builder = "" },
		"the times":            func(_ *copr.Build, c *copr.BuildChroot, _ *provenance.Facts) { c.Result.Started = time.Time{} },
		"gates":                func(_ *copr.Build, c *copr.BuildChroot, f *provenance.Facts) { c.Result.Gates, f.Gates = nil, nil },
		"a pass": func(_ *copr.Build, _ *copr.BuildChroot, f *provenance.Facts) {
			f.Gates[0].Checks[0].Verdict = copr.Fail
		},
	} {
		b, c, f := build()
		drop(b, c, &f)
		if err := provenance.New(b, c, f).Complete(); err == nil {
			t.Errorf("without %s it is complete", name)
		}
	}
	// A source package that was handed in has no spec and no sources of its own.
	b, c, f := build()
	b.Sources, f.Spec = []copr.Source{{URL: "file:///p-1-1.src.rpm", SHA256: sum}}, copr.File{}
	if err := provenance.New(b, c, f).Complete(); err != nil {
		t.Error(err)
	}
}

func FuzzParse(f *testing.F) {
	raw, err := json.Marshal(provenance.New(build()))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := provenance.Parse(raw)
		if err != nil || s.Complete() != nil {
			return
		}
		again, err := json.Marshal(s)
		if err != nil {
			t.Fatalf("a complete statement cannot be written: %v", err)
		}
		if s, err = provenance.Parse(again); err != nil || s.Complete() != nil {
			t.Errorf("written and read it is not complete: %v, %v", err, s.Complete())
		}
	})
}

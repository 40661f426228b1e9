package provenance

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"time"

	"mirrorctl/copr"
)

// Parse reads a statement of at most MaxSize bytes. Complete is the caller's to ask.
func Parse(raw []byte) (*Statement, error) {
	if len(raw) > MaxSize {
		return nil, fmt.Errorf("statement of %d bytes, at most %d", len(raw), MaxSize)
	}
	s := &Statement{}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields() // what nobody reads is not vouched for
	if err := d.Decode(s); err != nil {
		return nil, fmt.Errorf("read statement: %w", err)
	}
	if d.More() {
		return nil, errors.New("read statement: there is more behind it")
	}
	return s, nil
}

var hex64 = regexp.MustCompile(`^[0-9a-f]{64}$`)

// SHA256 is the digest of the subject of that name; "" where there is none.
func (s *Statement) SHA256(name string) string {
	for _, d := range s.Subject {
		if d.Name == name {
			return d.Digest["sha256"]
		}
	}
	return ""
}

// Complete says what is missing or does not hold together; nil where nothing is. A complete statement has
//
//	subjects, each with a name of its own and a SHA-256
//	project, package, EVR, chroot, build and attempt
//	the source package by SHA-256; the spec and every source by SHA-256, unless it was built from a source package
//	a buildroot of at least one package, and what it is in words
//	a builder, an invocation, and two times, the second not before the first
//	reports of gates: each with a check that passed and none that failed
func (s *Statement) Complete() error {
	if s.Type != StatementType || s.PredicateType != PredicateType || s.Predicate.BuildDefinition.BuildType != BuildType {
		return fmt.Errorf("types %q, %q, %q are not those of a build here", s.Type, s.PredicateType, s.Predicate.BuildDefinition.BuildType)
	}
	for _, check := range []func() error{s.subjects, s.parameters, s.materials, s.run, s.gates} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (s *Statement) subjects() error {
	seen := map[string]bool{}
	for _, d := range s.Subject {
		switch {
		case d.Name == "" || seen[d.Name]:
			return fmt.Errorf("subject %q has no name of its own", d.Name)
		case !hex64.MatchString(d.Digest["sha256"]):
			return fmt.Errorf("subject %q has no sha256", d.Name)
		}
		seen[d.Name] = true
	}
	if len(seen) == 0 {
		return errors.New("no subject")
	}
	return nil
}

func (s *Statement) parameters() error {
	x, in := s.Predicate.BuildDefinition.ExternalParameters, s.Predicate.BuildDefinition.InternalParameters
	switch {
	case x.Project == copr.ProjectName{}:
		return errors.New("no project")
	case x.Package == "" || x.EVR == "":
		return errors.New("no package or no version")
	case x.Chroot.IsZero():
		return errors.New("no chroot")
	case in.Build == 0 || in.Attempt < 1:
		return errors.New("no build or no attempt")
	case in.Epoch <= 0:
		return errors.New("no SOURCE_DATE_EPOCH")
	}
	return nil
}

func (s *Statement) materials() error {
	count := map[string]int{}
	for _, d := range s.Predicate.BuildDefinition.ResolvedDependencies {
		role := d.Annotations["role"]
		count[role]++
		switch role {
		case roleSRPM, roleSpec, roleSource:
			if !hex64.MatchString(d.Digest["sha256"]) {
				return fmt.Errorf("%s %q has no sha256", role, d.Name+d.URI)
			}
		case roleBuildroot:
			if d.Name == "" {
				return errors.New("a package of the buildroot has no name")
			}
		default:
			return fmt.Errorf("dependency %q has role %q", d.Name+d.URI, role)
		}
	}
	switch {
	case count[roleSRPM] != 1:
		return fmt.Errorf("%d source packages, want one", count[roleSRPM])
	case count[roleSpec] > 1, count[roleSource] > 0 && count[roleSpec] == 0:
		return fmt.Errorf("%d specs, want one", count[roleSpec])
	case count[roleBuildroot] == 0:
		return errors.New("no buildroot")
	case s.Predicate.RunDetails.Root == "":
		return errors.New("no word on what the buildroot is")
	}
	return nil
}

func (s *Statement) run() error {
	r := s.Predicate.RunDetails
	switch {
	case r.Builder.ID == "":
		return errors.New("no builder")
	case r.Metadata.InvocationID == "":
		return errors.New("no invocation")
	case r.Metadata.StartedOn.Before(time.Unix(0, 0)) || r.Metadata.FinishedOn.Before(r.Metadata.StartedOn):
		return fmt.Errorf("times %s to %s", r.Metadata.StartedOn.Format(time.RFC3339), r.Metadata.FinishedOn.Format(time.RFC3339))
	}
	return nil
}

func (s *Statement) gates() error {
	if len(s.Predicate.RunDetails.Gates) == 0 {
		return errors.New("no report of a gate")
	}
	for _, r := range s.Predicate.RunDetails.Gates {
		passed := 0
		for _, c := range r.Checks {
			switch c.Verdict {
			case copr.Pass:
				passed++
			case copr.Skip: // which skips are allowed the hub has judged: Report.Judge
			default:
				return fmt.Errorf("gate %s on %s: %s failed: %s", r.Gate, r.Runner, c.Name, c.Reason)
			}
		}
		if passed == 0 {
			return fmt.Errorf("gate %s on %s: nothing passed", r.Gate, r.Runner)
		}
	}
	return nil
}

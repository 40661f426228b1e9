package rpmbuild

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"mirrorctl/copr/sandbox"
)

// Maker makes source packages, in the sandbox on the host's toolchain: reading a spec runs what stands in its %().
type Maker struct {
	Macros map[string]string // defined for the spec beside what makes packages reproducible
	Limits sandbox.Limits    // Default: enough for large sources, two minutes
}

// A source package holds its sources twice on the way; none needs long.
var sourceLimits = sandbox.Limits{Wall: 2 * time.Minute, Memory: 3 << 30, Disk: 2 << 30, Processes: 256, Output: 1 << 20}

// MakeSRPM makes a source package of the file spec and the files in the directory sources, and leaves it in the directory
// out under the name that rpm gives it. epoch is SOURCE_DATE_EPOCH; log may be nil. A spec that makes none is a *SpecError.
func (m Maker) MakeSRPM(ctx context.Context, spec, sources, out string, epochSeconds int64, log io.Writer) error {
	name := filepath.Base(spec)
	files := []sandbox.File{{Name: "SPECS/" + name, Path: spec}}
	entries, err := os.ReadDir(sources)
	if err != nil {
		return fmt.Errorf("make source package: %w", err)
	}
	for _, e := range entries {
		if e.Type().IsRegular() && e.Name() != name {
			files = append(files, sandbox.File{Name: "SOURCES/" + e.Name(), Path: filepath.Join(sources, e.Name())})
		}
	}
	limits := m.Limits
	if limits == (sandbox.Limits{}) {
		limits = sourceLimits
	}
	why := &lastError{w: log}
	args := append([]string{"rpmbuild", "-bs", "--nodeps"}, define(reproducible, m.Macros)...)
	exit, err := sandbox.Run(ctx, sandbox.Command{
		Args:   append(args, sandbox.Work+"/SPECS/"+name),
		Env:    epoch(epochSeconds),
		Files:  files,
		Take:   &sandbox.Take{From: "SRPMS", To: out, Suffix: ".src.rpm", Files: 1},
		Output: why,
		Limits: limits,
	})
	switch {
	case err != nil:
		return fmt.Errorf("make source package: %w", err)
	case exit.Reason != "":
		return &SpecError{exit.Code, exit.Reason}
	case exit.Code != 0:
		return &SpecError{exit.Code, why.String()}
	case len(exit.Taken) == 0:
		return &SpecError{1, "rpmbuild left no source package"}
	}
	return nil
}

// SpecError says why a spec makes no source package.
type SpecError struct {
	Exit   int    // of rpmbuild
	Reason string // in one line
}

func (e *SpecError) Error() string {
	return fmt.Sprintf("make source package: rpmbuild ended with %d: %s", e.Exit, e.Reason)
}

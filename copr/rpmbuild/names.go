package rpmbuild

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"mirrorctl/copr"
	"mirrorctl/copr/sandbox"
)

// Reading a spec takes a moment; one that takes longer does something else.
var namesLimits = sandbox.Limits{Wall: 30 * time.Second, Memory: 1 << 30, Processes: 64, Output: 1 << 20}

// unpack puts the spec of a source package where rpmspec reads it. Paths and macros are those of a build.
const unpack = `rpm -i --define "_topdir $PWD" --define "_dbpath $PWD/db" package.src.rpm && exec "$@" SPECS/*.spec`

// maxNames is how many packages one spec may declare.
const maxNames = 1000

// Names lists the binary packages that the spec in a source package declares for a chroot, whatever the machine. It reads
// the spec in the sandbox; one that cannot be read is a *SpecError.
func (m Maker) Names(ctx context.Context, srpm string, c copr.Chroot, macros map[string]string) ([]string, error) {
	const mark = "binary package: " // what the spec prints while it is read comes the same way
	args := []string{"/bin/sh", "-c", unpack, "sh", "rpmspec", "-q", "--builtrpms", "--target", c.Arch, "--queryformat", mark + `%{NAME}\n`}
	var said bytes.Buffer
	why := &lastError{w: &said}
	exit, err := sandbox.Run(ctx, sandbox.Command{
		Args:   append(args, define(reproducible, m.Macros, macros)...),
		Files:  []sandbox.File{{Name: "package.src.rpm", Path: srpm}},
		Output: why,
		Limits: namesLimits,
	})
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the spec: %w", err)
	case exit.Reason != "":
		return nil, &SpecError{exit.Code, exit.Reason}
	case exit.Code != 0:
		return nil, &SpecError{exit.Code, why.String()}
	}
	var names []string
	for line := range strings.Lines(said.String()) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), mark); ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	if names = slices.Compact(names); len(names) == 0 || len(names) > maxNames {
		return nil, &SpecError{1, fmt.Sprintf("the spec declares %d packages", len(names))}
	}
	return names, nil
}

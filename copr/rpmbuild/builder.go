package rpmbuild

import (
	"context"
	"errors"

	"mirrorctl/copr"
	"mirrorctl/copr/sandbox"
)

// Builder implements copr.Builder.
type Builder struct {
	// Roots are what to build in, by architecture. The host's own has an entry without being given: the host.
	Roots map[string]Root
	// Limits of a build; Wall is the task's timeout.
	Limits sandbox.Limits
}

var _ copr.Builder = (*Builder)(nil)

// Root is a buildroot.
type Root struct {
	Path  string // tree; "" is the host
	Cross *Cross // builds for another architecture than the tree's; nil: native, or by qemu-user and binfmt
}

// Cross says how a package that knows how is compiled for another architecture. A spec finds it in the macros of the same
// names: %{_cross_compile}, %{_cross_arch}, %{_cross_subarch}, %{_cross_hostcc}; __cc, __strip and the like follow.
type Cross struct {
	Compile string // CROSS_COMPILE: aarch64-linux-gnu-
	Arch    string // ARCH: aarch64
	Subarch string // SUBARCH
	HostCC  string // HOSTCC
}

// Name is rpmbuild.
func (b *Builder) Name() string { return "rpmbuild" }

// Build implements copr.Builder.
func (b *Builder) Build(ctx context.Context, t copr.Task, w copr.Workspace) (copr.Outcome, error) {
	return copr.Outcome{}, errors.New("rpmbuild: not yet")
}

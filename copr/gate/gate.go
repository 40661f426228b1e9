package gate

import (
	"context"
	"fmt"
	"io"
	"os"

	"mirrorctl/copr"
	"mirrorctl/copr/vm"
)

// The names by which a package is declared to a gate.
const (
	NameInstall = "install"
	NameCRIU    = "criu"
)

// The runners of reports.
const (
	RunnerRoot   = "root"   // a root directory of the target, made for the occasion
	RunnerKernel = "kernel" // this machine's kernel
	RunnerVM     = "vm"     // a virtual machine of the chroot's architecture
)

// Config says what a builder's gates work with.
type Config struct {
	// Scratch takes temporary directories. Default: the system's.
	Scratch string
	// Repositories are the target's, by target (epel-9) or chroot (epel-9-x86_64): base URLs that dnf resolves dependencies
	// from; $basearch stands for the architecture. A target without any has its packages installed with --nodeps, and its
	// "dependencies" check skipped.
	Repositories map[string][]string
	// Libraries are roots in which the libraries of a built criu are looked for, after its own packages. Default: "/".
	Libraries []string
	// Busybox is a static busybox of this machine's architecture. Default: the one in PATH.
	Busybox string
	// NoKernel leaves the builder's kernel alone: the criu under test is root there.
	NoKernel bool
	// VMs boots virtual machines; nil for none.
	VMs *vm.Machines
}

// Gates are a builder's gates.
type Gates struct {
	config Config
}

// New makes the gates; it starts nothing.
func New(c Config) *Gates { return &Gates{c} }

// Names lists the gates there are.
func (g *Gates) Names() []string { return []string{NameInstall, NameCRIU} }

// Run proves the packages of dir (binary RPMs, unsigned) through the gate that the task names: none gives no reports; an
// unknown one is an error. The error is for a gate that could not do its work; packages that fail are no error: the
// reports tell. When ctx ends, every process and mount of the gate is gone before Run returns.
func (g *Gates) Run(ctx context.Context, t copr.Task, dir string, log io.Writer) ([]copr.Report, error) {
	switch t.Gate {
	case "", "none":
		return nil, nil
	case NameInstall, NameCRIU:
	default:
		return nil, fmt.Errorf("gate %q: want install, criu or none", t.Gate)
	}
	work, err := os.MkdirTemp(g.config.Scratch, "gate-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(work)
	in, err := g.install(ctx, t, dir, work, log)
	if err != nil {
		return nil, fmt.Errorf("gate install: %w", err)
	}
	reports := []copr.Report{in.report}
	if t.Gate == NameInstall || !in.installed {
		return reports, nil
	}
	more, err := g.criu(ctx, t, in.root, log)
	return append(reports, more...), err
}

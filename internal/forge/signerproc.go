package forge

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"mirrorctl/copr/sign"
	"mirrorctl/internal/config"
)

// Signer is the socket of the process that holds the keys.
func Signer(cfg *config.Config) string {
	if cfg.Copr.Signer != "" {
		return cfg.Copr.Signer
	}
	return filepath.Join(Dir(cfg.State), "signer.sock")
}

// Keys is the directory of keys of a signer that nobody told where to keep them.
func Keys(cfg *config.Config) string { return filepath.Join(Dir(cfg.State), "keys") }

// Builders is the file of those who may build elsewhere.
func Builders(cfg *config.Config) string { return filepath.Join(Dir(cfg.State), "builders.json") }

// RunSigner answers at socket with the keys in dir until ctx ends. Only root and this process's own user may ask, and those
// of allow.
func RunSigner(ctx context.Context, dir, socket string, allow []uint32) error {
	s, err := sign.Open(dir, sign.Options{})
	if err != nil {
		return err
	}
	l, err := sign.Listen(socket, -1)
	if err != nil {
		return err
	}
	server := sign.Server{Signer: s, Allow: append(allow, 0, uint32(os.Getuid()))}
	return server.Serve(ctx, l)
}

// runSigner keeps a signer of our own going where the configuration names none: a process apart, so that what this one reads
// never shares memory with a key.
func (f *Forge) runSigner(ctx context.Context) error {
	if f.cfg.Copr.Signer != "" {
		return nil
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	for {
		var said bytes.Buffer
		cmd := exec.CommandContext(ctx, self, "copr", "signer", "--keys", Keys(f.cfg), "--socket", Signer(f.cfg))
		cmd.Env = []string{"PATH=" + os.Getenv("PATH")}
		cmd.Stderr = &said
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
		cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
		cmd.WaitDelay = 5 * time.Second
		err := cmd.Run()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		f.log.ErrorContext(ctx, "the signer ended and is started again", "error", errors.Join(err, fmt.Errorf("%s", bytes.TrimSpace(said.Bytes()))))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

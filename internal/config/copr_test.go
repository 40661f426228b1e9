package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mirrorctl/internal/config"
)

// A criu that is proved nowhere must not look as if it was meant.
func TestNoKernelWantsMachines(t *testing.T) {
	load := func(copr string) (*config.Config, error) {
		file := filepath.Join(t.TempDir(), "m.yaml")
		if err := os.WriteFile(file, []byte("root: /srv/pub\npublic_url: http://dl.example.org/\n"+copr), 0o644); err != nil {
			t.Fatal(err)
		}
		return config.Load(file, none)
	}
	if _, err := load("copr: {no_kernel: true}\n"); err == nil || !strings.Contains(err.Error(), "copr.no_kernel without copr.vm") {
		t.Errorf("without machines: %v", err)
	}
	c, err := load("copr: {no_kernel: true, vm: /var/cache/vm}\n")
	if err != nil || !c.Copr.NoKernel {
		t.Errorf("with machines: %v", err)
	}
}

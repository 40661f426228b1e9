package config_test

import (
	"strings"
	"testing"

	"mirrorctl/internal/config"
)

// A criu that is proved nowhere must not look as if it was meant.
func TestNoKernelWantsMachines(t *testing.T) {
	const site = "root: /srv/pub\npublic_url: http://dl.example.org/\n"
	if _, err := config.Parse("m.yaml", []byte(site+"copr: {no_kernel: true}\n"), none); err == nil || !strings.Contains(err.Error(), "copr.no_kernel without copr.vm") {
		t.Errorf("without machines: %v", err)
	}
	c, err := config.Parse("m.yaml", []byte(site+"copr: {no_kernel: true, vm: /var/cache/vm}\n"), none)
	if err != nil || !c.Copr.NoKernel {
		t.Errorf("with machines: %v", err)
	}
}

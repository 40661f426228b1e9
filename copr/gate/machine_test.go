package gate_test

import (
	"os"
	"testing"
	"time"

	"mirrorctl/copr"
	"mirrorctl/copr/gate"
	"mirrorctl/copr/vm"
)

// A real criu of each architecture checkpoints and restores a process on a kernel of that architecture.
func TestMachines(t *testing.T) {
	if os.Getenv("MIRRORCTL_COPR") != "long" {
		t.Skip("SKIP: virtual machines take minutes: MIRRORCTL_COPR=long runs them")
	}
	for _, arch := range copr.Arches {
		t.Run(arch, func(t *testing.T) {
			dir, libraries := debianCRIU(t, arch)
			g := gate.New(gate.Config{Libraries: libraries, NoKernel: true, VMs: &vm.Machines{Cache: cache(t), Timeout: 20 * time.Minute}})
			began := time.Now()
			reports, err := g.Run(t.Context(), task("criu", "epel-10-"+arch, criuVersion+"-1"), dir, t.Output())
			if err != nil {
				t.Fatal(err)
			}
			show(t, reports)
			t.Logf("%s from packages to verdict", time.Since(began).Round(time.Second))
			for _, r := range reports {
				for _, why := range r.Judge(gate.Known()) {
					t.Error(why)
				}
			}
		})
	}
}

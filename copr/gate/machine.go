package gate

import (
	"context"
	"errors"
	"io"

	"mirrorctl/copr"
	"mirrorctl/copr/vm"
)

// vmLimit is how many seconds a step may take in an emulated machine.
const vmLimit = 120

// modules are what CRIU asks a kernel for: which sockets there are, and to lock connections.
var modules = []string{"nf_tables", "unix_diag", "tcp_diag", "udp_diag", "netlink_diag", "af_packet_diag", "tun"}

// known are checks that are not tried: they were seen to hang, and would take the machine's time from the others.
var known = map[string]map[string]string{}

// vmReport boots the image and runs the checks inside.
func (g *Gates) vmReport(ctx context.Context, arch, version string, image *vm.Image, log io.Writer) (copr.Report, error) {
	report := copr.Report{Gate: NameCRIU, Runner: RunnerVM, Arch: arch}
	var try []string
	for _, name := range vmChecks {
		if known[arch][name] == "" {
			try = append(try, name)
		}
	}
	if err := image.File("env", 0o644, exports(environment(try, vmLimit))); err != nil {
		return report, err
	}
	if err := g.config.VMs.Modules(ctx, arch, image, modules...); err != nil {
		return report, err
	}
	t := newTranscript()
	host, ended := g.config.VMs.Run(ctx, arch, image, io.MultiWriter(log, t))
	if ctx.Err() != nil {
		return report, ctx.Err()
	}
	if t.host == "" && ended != nil && !errors.Is(ended, vm.ErrStillOn) {
		return report, ended
	}
	report.Host = t.host + ": " + host
	report.Checks = t.verdicts(try, version, ended)
	for _, name := range vmChecks {
		if reason := known[arch][name]; reason != "" {
			report.Checks = append(report.Checks, copr.Check{Name: name, Verdict: copr.Skip, Reason: reason})
		}
	}
	return report, nil
}

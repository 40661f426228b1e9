package coprtrips

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"mirrorctl/copr"
)

// Chroots that are published together: where one fails, none is offered; a delivery of which a byte was changed before it
// could be signed is refused, and takes the other with it.
func TestTogether(t *testing.T) {
	t.Parallel()
	need(t)
	declaration := `project: adrian/PROJECT
chroots: [epel-9-x86_64, fedora-44-x86_64]
publish: {all_or_nothing: true}
packages:
  tiny:
    spec: PROJECT.spec
    watch: {directory: upstream, pattern: "never-{version}.txt"}
    sources: [{url: "file://DIR/upstream/tiny-{version}.txt"}]
    allowed: {x86_64/root: [dependencies], x86_64/hub: [closure]}
    twice: false
`
	s := site(t, "  signer: signer.sock\n  builders: 2\n", map[string]string{
		"half.spec":  tiny("tiny", "") + "%check\n%{?fedora:exit 7}\n",
		"whole.spec": tiny("tiny", ""),
		"half.yaml":  strings.ReplaceAll(declaration, "PROJECT", "half"),
		"whole.yaml": strings.ReplaceAll(declaration, "PROJECT", "whole"),
	})
	release(t, s.Dir, "tiny", "1", "version 1\n")
	h := serve(t, s)
	h.Must(t, "copr", "build", "--no-wait", "--version", "1", "adrian/whole/tiny")

	// No signer runs yet: what was delivered waits.
	var b copr.Build
	h.eventually("both wait for the signer", func() bool {
		b = h.builds("adrian/whole")[0]
		for _, c := range b.Chroots {
			if c.Step != copr.StepSign || !strings.Contains(c.Reason, "trouble") {
				return false
			}
		}
		return true
	})
	delivered, err := filepath.Glob(h.at("state/copr/inbox", fmt.Sprint(b.ID), "fedora-44-x86_64/1/*.rpm"))
	if err != nil || len(delivered) != 1 {
		t.Fatalf("delivered: %v, %v", delivered, err)
	}
	raw, err := os.ReadFile(delivered[0])
	if err != nil {
		t.Fatal(err)
	}
	raw[len(raw)/2] ^= 1
	if err := os.WriteFile(delivered[0], raw, 0o644); err != nil {
		t.Fatal(err)
	}
	startSigner(t, h)
	h.eventually("the build ends", func() bool { b = h.builds("adrian/whole")[0]; return b.State.Ended() })
	h.want(b, map[string]string{"epel-9-x86_64": "failed published together, and fedora-44-x86_64 is failed", "fedora-44-x86_64": "failed sha256"})

	half := h.build("adrian/half/tiny", "--version", "1")
	h.want(half, map[string]string{"epel-9-x86_64": "failed published together, and fedora-44-x86_64 is failed", "fedora-44-x86_64": "failed "})
	if found, _ := filepath.Glob(h.at("pub/results/adrian/*/*/*/*.rpm")); len(found) > 0 {
		t.Errorf("published: %v", found)
	}

	// The same, built again, is published in both.
	h.want(h.build("adrian/whole/tiny", "--version", "1"), map[string]string{"epel-9-x86_64": "succeeded", "fedora-44-x86_64": "succeeded"})
	for _, target := range []string{"epel-9", "fedora-44"} {
		m := h.client("Fedora", strings.TrimLeft(target, "abcdefghijklmnopqrstuvwxyz-"))
		m.repo(h, "coprs/adrian/whole:testing/repo/"+target+"/dnf.repo?arch=x86_64")
		m.sees("tiny", "1.noarch 1.src")
		m.installs("tiny", "version 1")
	}
}

// startSigner starts the signer that the configuration names.
func startSigner(t *testing.T, h *hub) {
	t.Helper()
	cmd := h.Command(t.Context(), "copr", "signer")
	var said bytes.Buffer
	cmd.Stderr = &said
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cmd.Wait(); err != nil && cmd.ProcessState.ExitCode() > 0 {
			t.Errorf("the signer ended: %v\n%s", err, said.String())
		}
	})
}

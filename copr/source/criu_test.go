package source_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Our own spec reads for every target, and has the packages that the target can have.
func TestCRIUSpec(t *testing.T) {
	if _, err := exec.LookPath("rpmspec"); err != nil {
		t.Skip("rpmspec is not installed: apt-get install rpm")
	}
	const spec = "../packages/criu/criu.spec"
	for _, tt := range []struct {
		name   string
		macros []string
		want   []string // lines of what is asked
		not    []string
	}{
		{"el7", []string{"rhel 7", "dist .el7"}, []string{"python2-criu 4.2.1-1.el7 noarch"}, []string{"nftables-devel", "asciidoc", "gnutls-devel"}},
		{"el8", []string{"rhel 8", "dist .el8"}, []string{"python3-criu 4.2.1-1.el8 noarch", "nftables-devel"}, []string{"libbsd-devel"}},
		{"el10", []string{"rhel 10", "dist .el10"}, []string{"criu 4.2.1-1.el10 x86_64", "criu-libs 4.2.1-1.el10 x86_64"}, nil},
		{"fedora", []string{"fedora 44", "dist .fc44", "upstream_version 4.3"}, []string{"crit 4.3-1.fc44 noarch", "criu-ns 4.3-1.fc44 noarch"}, nil},
		{"no target", nil, []string{"criu-devel 4.2.1-1 x86_64"}, nil},
	} {
		var got string
		for _, ask := range [][]string{{"--qf", "%{NAME} %{VERSION}-%{RELEASE} %{ARCH}\n"}, {"--buildrequires"}} {
			args := append([]string{"-q", "--target", "x86_64-linux"}, ask...)
			for _, m := range tt.macros {
				args = append(args, "--define", m)
			}
			cmd := exec.Command("rpmspec", append(args, spec)...)
			cmd.Stderr = os.Stderr
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("%s: %v", tt.name, err)
			}
			got += string(out)
		}
		for _, line := range tt.want {
			if !strings.Contains("\n"+got, "\n"+line+"\n") {
				t.Errorf("%s: no %q in\n%s", tt.name, line, got)
			}
		}
		for _, line := range tt.not {
			if strings.Contains("\n"+got, "\n"+line+"\n") {
				t.Errorf("%s: %q in\n%s", tt.name, line, got)
			}
		}
	}
}

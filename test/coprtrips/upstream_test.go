package coprtrips

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"mirrorctl/copr"
	"mirrorctl/repomd/index"
)

// shell is a distribution for the gate to install into: one package with a shell in it.
func shell(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "shell.spec"), `Name: shell
Version: 1
Release: 1
Summary: a shell
License: GPL-2.0-only
%global debug_package %{nil}
%global __strip /bin/true
%description
A shell.
%install
mkdir -p %{buildroot}/bin
cp /usr/bin/busybox %{buildroot}/bin/busybox
ln -s busybox %{buildroot}/bin/sh
ln -s busybox %{buildroot}/bin/grep
%files
/bin/*
`)
	out, err := exec.Command("rpmbuild", "-bb", "--define", "_topdir "+dir, "--define", "_rpmdir "+dir, filepath.Join(dir, "shell.spec")).CombinedOutput()
	if err != nil {
		t.Fatalf("make a distribution: %v\n%s", err, out)
	}
	if _, err := index.Build(t.Context(), dir, index.Options{}); err != nil {
		t.Fatal(err)
	}
	return dir
}

// What upstream puts into a watched directory is in testing on all chroots, with no hand on it, and in stable by hand or
// by rule. A version whose gate fails is offered nowhere, and the old one stays.
func TestUpstream(t *testing.T) {
	t.Parallel()
	need(t, "busybox")
	const first = "good, the first\n"
	declaration := strings.ReplaceAll(`project: adrian/PROJECT
chroots: [epel-9-x86_64, fedora-44-x86_64]
publish: {RULE}
packages:
  tiny:
    spec: tiny.spec
    version: "1"
    sources: [{url: "file://DIR/upstream/tiny-{version}.txt", sha256: SUM}]
    watch: {directory: upstream, pattern: "tiny-{version}.txt"}
    script: proof
    twice: false
`, "SUM", fmt.Sprintf("%x", sha256.Sum256([]byte(first))))
	distribution := shell(t)
	s := site(t, fmt.Sprintf("  targets: {epel-9: [%[1]s], fedora-44: [%[1]s]}\n", distribution), map[string]string{
		"tiny.spec": tiny("tiny", "Requires: shell"),
		"proof":     "grep -q good /usr/share/tiny/text || { echo error: this version is not good; exit 1; }\n",
		"hand.yaml": strings.NewReplacer("PROJECT", "hand", "RULE", "").Replace(declaration),
		"rule.yaml": strings.NewReplacer("PROJECT", "rule", "RULE", "promote_after: 1s").Replace(declaration),
	})
	release(t, s.Dir, "tiny", "1", first)
	h := serve(t, s)
	ended := func(version string, state copr.State) func() bool {
		return func() bool {
			for _, project := range []string{"adrian/hand", "adrian/rule"} {
				all := h.builds(project)
				if len(all) == 0 || all[0].Version != version || all[0].State != state || len(all[0].Chroots) != 2 {
					return false
				}
			}
			return true
		}
	}
	h.eventually("version 1 is built", ended("1", copr.Succeeded))
	h.release("tiny", "2", "good, the second\n")
	h.eventually("version 2 is built", ended("2", copr.Succeeded))

	see := func(directory, target string) *machine {
		m := h.client("Fedora", "44")
		_, m.releasever, _ = strings.Cut(target, "-")
		m.repo(h, "coprs/adrian/"+directory+"/repo/"+target+"/dnf.repo?arch=x86_64")
		return m
	}
	type place struct{ directory, target string }
	machines := map[place]*machine{}
	for _, p := range []place{{"hand", "epel-9"}, {"hand:testing", "fedora-44"}, {"rule", "fedora-44"}, {"rule:testing", "epel-9"}} {
		machines[p] = see(p.directory, p.target)
	}
	for p, m := range machines {
		if strings.HasSuffix(p.directory, ":testing") {
			m.sees("tiny", "1.noarch 1.src 2.noarch 2.src")
		} else if got := m.offered("tiny"); p.directory == "hand" && got != "" {
			t.Errorf("%s: %s, want nothing before the promotion", p, got)
		}
	}
	h.Must(t, "copr", "promote", fmt.Sprint(h.builds("adrian/hand")[0].ID))
	h.eventually("version 2 is promoted by rule", func() bool {
		for _, c := range h.builds("adrian/rule")[0].Chroots {
			if !c.Promoted {
				return false
			}
		}
		return true
	})

	machines[place{"hand", "epel-9"}].sees("tiny", "2.noarch 2.src")

	h.release("tiny", "3", "broken, the third\n")
	h.eventually("version 3 is refused", ended("3", copr.Failed))
	for _, project := range []string{"adrian/hand", "adrian/rule"} {
		h.want(h.builds(project)[0], map[string]string{"epel-9-x86_64": "failed not good", "fedora-44-x86_64": "failed not good"})
	}
	for p, m := range machines {
		if got := m.offered("tiny"); !strings.Contains(got, "2.noarch") || strings.Contains(got, "3") {
			t.Errorf("%s: %s, want version 2 and no version 3", p, got)
		}
	}
	if found, _ := filepath.Glob(h.at("pub/results/adrian/*/*/*/tiny-3*")); len(found) > 0 {
		t.Errorf("offered to whoever guesses: %v", found)
	}
	m := machines[place{"rule", "fedora-44"}]
	write(t, filepath.Join(m.dir, "repos/distribution.repo"), "[distribution]\nname=distribution\nbaseurl=file://"+distribution+"\ngpgcheck=0\nrepo_gpgcheck=0\n")
	out := m.must("Complete!", "--refresh", "install", "tiny")
	if got, err := os.ReadFile(filepath.Join(m.dir, "root/usr/share/tiny/text")); err != nil || string(got) != "good, the second\n" {
		t.Errorf("installed %q, %v\n%s", got, err, out)
	}
}

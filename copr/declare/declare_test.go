package declare_test

import (
	"os"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"mirrorctl/copr"
	"mirrorctl/copr/declare"
)

var sum = strings.Repeat("ab", 32)

var whole = `
project: "@criu/criu"
description: |
  newest CRIU
chroots: [epel-9-*, fedora-44-x86_64, epel-8-x86_64]
publish: {all_or_nothing: true, keep: 5, promote_after: 7d}
module_hotfixes: false
profiles:
  epel-8: {macros: {dist: .el8}, glibc: "2.28", compression: gz, hash: sha256}
packages:
  zdtm:
    spec: packages/zdtm.spec
    version: 1.10
    channel: stable
    twice: false
  criu:
    spec: packages/criu/criu.spec
    version: 4.2.1
    sources: [{url: "https://example.org/criu-{version}.tar.xz", sha256: ` + sum + `}]
    extra: [packages/criu/fix.patch]
    watch: {github: checkpoint-restore/criu, every: 1h}
    gate: criu
    script: packages/criu/gate.sh
    allowed: {aarch64/vm: [pre-dump]}
    timeout: 45m
    exclude: [{chroots: ["*-s390x"], reason: no time}]
`

func TestParse(t *testing.T) {
	p, err := declare.Parse("f", []byte(whole))
	if err != nil {
		t.Fatal(err)
	}
	if p.Name.String() != "@criu/criu" || p.Description != "newest CRIU" || p.ModuleHotfixes || !p.RepoGPGCheck || len(p.Chroots) != 6 || p.Chroots[0].String() != "epel-9-x86_64" {
		t.Errorf("%+v", p)
	}
	if want := (copr.Publish{AllOrNothing: true, Keep: 5, PromoteAfter: 7 * 24 * time.Hour}); p.Publish != want {
		t.Errorf("publish: %+v", p.Publish)
	}
	want := []copr.Package{
		{Name: "zdtm", Spec: "packages/zdtm.spec", Version: "1.10", Gate: "install", Channel: copr.Stable, Timeout: 2 * time.Hour},
		{
			Name: "criu", Spec: "packages/criu/criu.spec", Version: "4.2.1", Extra: []string{"packages/criu/fix.patch"}, Gate: "criu",
			Sources: []copr.Source{{URL: "https://example.org/criu-{version}.tar.xz", SHA256: sum, Name: "criu-{version}.tar.xz"}},
			Watch:   copr.Watch{GitHub: "checkpoint-restore/criu", Every: time.Hour}, Script: "packages/criu/gate.sh",
			Allowed: copr.Allowed{"aarch64/vm": {"pre-dump"}}, Channel: copr.Testing, Twice: true, Timeout: 45 * time.Minute,
			Exclude: []copr.Exclude{{Chroots: []string{"*-s390x"}, Reason: "no time"}},
		},
	}
	if !reflect.DeepEqual(p.Packages, want) {
		t.Errorf("got  %+v\nwant %+v", p.Packages, want)
	}
	if got := p.Profiles["epel-8"]; got.GLIBC != "2.28" || got.Macros["dist"] != ".el8" {
		t.Errorf("profile: %+v", got)
	}
}

// One change makes the declaration wrong, and one line says where and how.
func TestMistakes(t *testing.T) {
	for _, tt := range []struct{ name, old, new, want string }{
		{"misspelt key", "timeout: 45m", "timout: 45m", `f:25: unknown key "packages.criu.timout"; did you mean "timeout"?`},
		{"misspelt top key", "publish:", "pubish:", `did you mean "publish"?`},
		{"project", `"@criu/criu"`, "criu", `f: project "criu": want owner/name`},
		{"project leads out", `"@criu/criu"`, "../criu", `f: project "../criu"`},
		{"chroot", "fedora-44-x86_64", "fedora-44-amd64", `architecture "amd64": want one of x86_64`},
		{"star elsewhere", "fedora-44-x86_64", "fedora-*-x86_64", `* stands for all architectures`},
		{"spec outside", "packages/zdtm.spec", "../zdtm.spec", `f:11: package zdtm: "../zdtm.spec": want a file below`},
		{"spec absolute", "packages/zdtm.spec", "/etc/zdtm.spec", `want a file below`},
		{"no spec", "spec: packages/zdtm.spec", "gate: none", "spec is missing"},
		{"extra outside", "packages/criu/fix.patch", "a/../../x", `want a file below`},
		{"gate", "gate: criu", "gate: cruu", `gate "cruu": want one of install, criu, none; did you mean "criu"?`},
		{"channel", "channel: stable", "channel: prod", `want testing or stable`},
		{"no sha256", ", sha256: " + sum, "", "sha256 is missing"},
		{"short sha256", sum, "abcd", "want 64"},
		{"version leads out", "version: 4.2.1", "version: ../1", "want letters"},
		{"url", "https://example.org", "ftp://example.org", "want an http, https or file URL"},
		{"password", "https://example.org", "https://me:secret@example.org", "no user or password"},
		{"variable", "criu-{version}.tar.xz", "criu-{major}.tar.xz", "{version} is the one variable"},
		{"watch two", "github: checkpoint-restore/criu", "github: a/b, anitya: 3", "one of them"},
		{"pattern", "github: checkpoint-restore/criu", "directory: /srv, pattern: criu-*.tar", "with {version} in it"},
		{"often", "every: 1h", "every: 1s", "at least 1m"},
		{"allowed", "aarch64/vm", "arm64/vm", "want arch/runner"},
		{"exclude nothing", `"*-s390x"`, `"*-i386"`, "matches none"},
		{"setuid where", "gate: criu", "gate: criu\n    setuid: {usr/bin/x: why}", "want the whole path"},
		{"setuid without reason", "gate: criu", "gate: criu\n    setuid: {/usr/bin/x: ' '}", "setuid /usr/bin/x: reason is missing"},
		{"exclude without reason", "reason: no time", `reason: ""`, "reason is missing"},
		{"profile of nothing", "  epel-8: {", "  epel-7: {", `no such target; did you mean`},
		{"keep", "keep: 5", "keep: -1", "negative"},
		{"twice the same package", "  zdtm:", "  criu:", "already defined"},
		{"package name", "  zdtm:", "  ../zdtm:", "want a name"},
		{"macro", "dist: .el8", `"dist\n%x": .el8`, "macro"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := strings.Replace(whole, tt.old, tt.new, 1)
			if in == whole {
				t.Fatal("the mistake was not made")
			}
			_, err := declare.Parse("f", []byte(in))
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want one line with %q", err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("a password is in %v", err)
			}
		})
	}
}

// The declarations that the project ships are good, and none of their chroots is left without a word.
func TestShipped(t *testing.T) {
	for _, tt := range []struct {
		file            string
		built, excluded int
	}{
		{"criu.yaml", 16, 8},
		{"demo.yaml", 2, 0},
	} {
		t.Run(tt.file, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.CopyFS(filepath.Join(dir, "criu"), os.DirFS("../packages/criu")); err != nil {
				t.Fatal(err)
			}
			if err := os.Link(filepath.Join(dir, "criu", tt.file), filepath.Join(dir, tt.file)); err != nil {
				t.Fatal(err)
			}
			all, err := declare.Load(dir)
			if err != nil {
				t.Fatal(err)
			}
			built, excluded := 0, 0
			for _, c := range all[0].Chroots {
				out := slices.ContainsFunc(all[0].Packages[0].Exclude, func(e copr.Exclude) bool {
					return slices.ContainsFunc(e.Chroots, func(p string) bool { ok, _ := path.Match(p, c.String()); return ok })
				})
				if out {
					excluded++
				} else {
					built++
				}
			}
			if built != tt.built || excluded != tt.excluded {
				t.Errorf("%d chroots are built and %d excluded, want %d and %d", built, excluded, tt.built, tt.excluded)
			}
		})
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) {
		t.Helper()
		full := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	small := "project: a/b\nchroots: [epel-9-x86_64]\npackages: {x: {spec: x.spec, version: 1}}\n"
	fails := func(want string) {
		t.Helper()
		if _, err := declare.Load(dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	write("1.yaml", small)
	write(".2.yaml.swp", "junk: [")
	fails(`"x.spec" is not in`)
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "x.spec")); err != nil {
		t.Fatal(err)
	}
	fails("x.spec")
	if err := os.Remove(filepath.Join(dir, "x.spec")); err != nil {
		t.Fatal(err)
	}
	write("x.spec", "Name: x\n")
	all, err := declare.Load(dir)
	if err != nil || len(all) != 1 || all[0].Publish.Keep != 3 || !all[0].ModuleHotfixes {
		t.Fatalf("%+v, %v", all, err)
	}
	write("2.yaml", small)
	fails("is declared in")
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	fails("read declarations")
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(whole))
	f.Add([]byte("project: a/b\nchroots: [epel-9-*]\npackages: &p {x: {spec: x.spec, version: 1}}\n"))
	f.Add([]byte("packages: {<<: {a: {spec: b}}}\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := declare.Parse("f", raw)
		if err != nil {
			return
		}
		if _, err := copr.ParseProjectName(p.Name.String()); err != nil || len(p.Chroots) == 0 || len(p.Packages) == 0 {
			t.Errorf("%+v: %v", p, err)
		}
		for _, k := range p.Packages {
			if strings.Contains(k.Spec, "..") && strings.Contains(k.Spec, "../") || filepath.IsAbs(k.Spec) {
				t.Errorf("spec %q", k.Spec)
			}
		}
	})
}

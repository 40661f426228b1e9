package index_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/rpmpack"
)

// buildTime is that of every package made here.
var buildTime = time.Date(2016, 11, 22, 12, 0, 0, 0, time.UTC)

// pack makes an RPM package in memory. extra may be nil.
func pack(t testing.TB, meta rpmpack.RPMMetaData, extra func(*rpmpack.RPM)) []byte {
	t.Helper()
	meta.BuildTime = buildTime
	p, err := rpmpack.NewRPM(meta)
	if err != nil {
		t.Fatal(err)
	}
	if extra != nil {
		extra(p)
	}
	var buf bytes.Buffer
	if err := p.Write(&buf); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// relations reads dependencies as a spec file spells them.
func relations(t testing.TB, list ...string) (rels rpmpack.Relations) {
	t.Helper()
	for _, s := range list {
		if err := rels.Set(s); err != nil {
			t.Fatal(err)
		}
	}
	return rels
}

// player is a package with a bit of everything that rpmpack can make.
func player(t testing.TB) []byte {
	return pack(t, rpmpack.RPMMetaData{
		Name: "player", Version: "1.2", Release: "3.fc25", Epoch: 1, Arch: "x86_64",
		Summary: "Plays", Description: "Plays\nall", Vendor: "V", URL: "http://u/", Packager: "P", Group: "G", Licence: "GPL", BuildHost: "h",
		Provides:  relations(t, "player(api) = 2"),
		Requires:  relations(t, "player-libs = 1:1.2-3.fc25", "rpmlib(Fake) <= 1", "/usr/bin/player"),
		Conflicts: relations(t, "rival < 2"), Obsoletes: relations(t, "gramophone <= 0.1"),
		Suggests: relations(t, "skin"), Recommends: relations(t, "codec >= 4"),
	}, func(p *rpmpack.RPM) {
		p.AddFile(rpmpack.RPMFile{Name: "/usr/bin/player", Body: []byte("#!\n"), Mode: 0o755, Owner: "root", Group: "root"})
		p.AddFile(rpmpack.RPMFile{Name: "/usr/share/player", Mode: 0o40755, Owner: "root", Group: "root"})
		p.AddFile(rpmpack.RPMFile{Name: "/var/log/player.log", Mode: 0o644, Owner: "root", Group: "root", Type: rpmpack.GhostFile})
		p.AddCustomTag(1080, rpmpack.EntryUint32([]uint32{1479729600, 1479643200}))
		p.AddCustomTag(1081, rpmpack.EntryStringSlice([]string{"New <n@x> - 1.2-3", "Old <o@x> - 1.2-2"}))
		p.AddCustomTag(1082, rpmpack.EntryStringSlice([]string{"- new", "- old"}))
	})
}

// write puts a package into dir under a fixed file time.
func write(t testing.TB, dir, name string, data []byte) {
	t.Helper()
	full := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(full, data, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(full, buildTime, buildTime); err != nil {
		t.Fatal(err)
	}
}

// need skips the test where a tool is missing.
func need(t testing.TB, tool string) {
	t.Helper()
	if _, err := exec.LookPath(tool); err != nil {
		t.Skipf("SKIP: %s missing", tool)
	}
}

func run(t testing.TB, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s%s", name, strings.Join(args, " "), err, out, &stderr)
	}
	return string(out)
}

// rich builds testdata/rich.spec: what rpmbuild writes is what real packages look like.
func rich(t testing.TB, dir string) {
	t.Helper()
	top := t.TempDir()
	spec, err := filepath.Abs("testdata/rich.spec")
	if err != nil {
		t.Fatal(err)
	}
	run(t, "rpmbuild", "-ba", "--quiet", "--nodeps", "--define", "_topdir "+top, "--define", "_sourcedir "+filepath.Dir(spec), "--define", "_build_id_links none",
		"--define", "_rpmdir "+dir, "--define", "_srcrpmdir "+dir, "--target", "x86_64", spec)
}

// centos copies the packages of CentOS 3 to 7 that come with the module of the RPM library.
func centos(t testing.TB, dir string) {
	t.Helper()
	module := strings.TrimSpace(run(t, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/cavaliergopher/rpm"))
	names, err := filepath.Glob(filepath.Join(module, "testdata", "*.rpm"))
	if err != nil {
		t.Fatal(err)
	}
	if len(names) == 0 {
		t.Skip("SKIP: packages of CentOS missing from the module cache")
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		write(t, dir, filepath.Base(name), data)
	}
}

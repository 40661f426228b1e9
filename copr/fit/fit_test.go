package fit_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/rpmpack"

	"mirrorctl/copr"
	"mirrorctl/copr/fit"
	"mirrorctl/repomd/index"
)

func need(t testing.TB, tools ...string) {
	t.Helper()
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("SKIP: %s missing", tool)
		}
	}
}

func run(t testing.TB, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// newer is a program that needs what glibc has since 2.36, built here for epel-8.
const newer = `
Name: newer
Version: 1
Release: 1%{?dist}
Summary: S
License: MIT
%global debug_package %{nil}
%description
D
%build
echo 'int arc4random(void); int main(void) { return arc4random() & 1; }' > newer.c
gcc -o newer newer.c
%install
mkdir -p %{buildroot}/usr/bin
cp newer %{buildroot}/usr/bin/
%files
/usr/bin/newer
`

// build makes the packages of a spec by the real rpmbuild, by the profile of a target.
func build(t testing.TB, spec, target string) []string {
	t.Helper()
	need(t, "rpmbuild")
	top := t.TempDir()
	if err := os.WriteFile(top+"/t.spec", []byte(spec), 0o644); err != nil {
		t.Fatal(err)
	}
	p, ok := fit.Profile(target)
	if !ok {
		t.Fatal(target)
	}
	args := []string{"-ba", "--quiet", "--nodeps", "--target", "x86_64", "--define", "_topdir " + top, "--define", "_build_id_links none"}
	for name, value := range p.Macros {
		args = append(args, "--define", name+" "+value)
	}
	run(t, "rpmbuild", append(args, top+"/t.spec")...)
	var all []string
	for _, pattern := range []string{"/RPMS/*/*.rpm", "/SRPMS/*.rpm"} {
		names, err := filepath.Glob(top + pattern)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, names...)
	}
	return all
}

func expect(t testing.TB, chroot, name, evr string) fit.Expect {
	t.Helper()
	c, err := copr.ParseChroot(chroot)
	if err != nil {
		t.Fatal(err)
	}
	p, _ := fit.Profile(c.Target())
	return fit.Expect{Chroot: c, Package: name, EVR: evr, Profile: p}
}

// find is a report's check.
func find(t testing.TB, r copr.Report, name string) copr.Check {
	t.Helper()
	for _, c := range r.Checks {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("no check %s in %+v", name, r)
	return copr.Check{}
}

// TestFloor: a program built on this machine's glibc does not fit EL 8, and fits where glibc is as new. The reason names the
// package, the version of the symbol and what the target has.
func TestFloor(t *testing.T) {
	need(t, "gcc", "rpmbuild")
	if out := run(t, "ldd", "--version"); !strings.Contains(out, "2.36") {
		t.Skipf("SKIP: this test counts on glibc 2.36: %s", strings.SplitN(out, "\n", 2)[0])
	}
	for chroot, want := range map[string]string{
		"epel-8-x86_64":    "newer-1-1.el8.x86_64.rpm requires libc.so.6(GLIBC_2.36)(64bit); epel-8 has glibc 2.28",
		"epel-9-x86_64":    "newer-1-1.el9.x86_64.rpm requires libc.so.6(GLIBC_2.36)(64bit); epel-9 has glibc 2.34",
		"epel-10-x86_64":   "",
		"fedora-37-x86_64": "",
	} {
		c, err := copr.ParseChroot(chroot)
		if err != nil {
			t.Fatal(err)
		}
		packages := build(t, newer, c.Target())
		r, err := fit.Check(t.Context(), expect(t, chroot, "newer", "1-1"), packages)
		if err != nil {
			t.Fatal(err)
		}
		got := find(t, r, "glibc")
		if want == "" && got.Verdict != copr.Pass || want != "" && (got.Verdict != copr.Fail || !strings.Contains(got.Reason, want)) {
			t.Errorf("%s: %s %q, want %q", chroot, got.Verdict, got.Reason, want)
		}
		for _, name := range []string{"identity", "files", "elf", "rpmlib"} {
			if c := find(t, r, name); c.Verdict != copr.Pass {
				t.Errorf("%s: %s %s: %s", chroot, name, c.Verdict, c.Reason)
			}
		}
		why := r.Judge(copr.Allowed{"x86_64/hub": {"closure"}})
		if (len(why) > 0) != (want != "") {
			t.Errorf("%s: judged %q", chroot, why)
		}
	}
}

// pack writes a package made by hand.
func pack(t testing.TB, dir string, m rpmpack.RPMMetaData, files ...rpmpack.RPMFile) string {
	t.Helper()
	return packed(t, dir, m, func(*rpmpack.RPM) {}, files...)
}

func packed(t testing.TB, dir string, m rpmpack.RPMMetaData, change func(*rpmpack.RPM), files ...rpmpack.RPMFile) string {
	t.Helper()
	if m.Name == "" {
		m.Name = "p"
	}
	if m.Arch == "" {
		m.Arch = "x86_64"
	}
	m.Version, m.BuildTime, m.Compressor = "1", time.Unix(1700000000, 0), "xz"
	if m.Release == "" {
		m.Release = "1.el9"
	}
	p, err := rpmpack.NewRPM(m)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		f.Owner, f.Group = "root", "root"
		p.AddFile(f)
	}
	// rpmpack names the source by the package; the source's name is p.
	change(p)
	p.AddCustomTag(1044, rpmpack.EntryString("p-1-"+m.Release+".src.rpm"))
	var buf bytes.Buffer
	if err := p.Write(&buf); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, fmt.Sprintf("%s-1-%s.%s.rpm", m.Name, m.Release, m.Arch))
	if err := os.WriteFile(name, buf.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

// packWith makes a package with tags of the test's own.
func packWith(t testing.TB, dir string, change func(*rpmpack.RPM), files ...rpmpack.RPMFile) string {
	return packed(t, dir, rpmpack.RPMMetaData{}, change, files...)
}

func relations(t testing.TB, list ...string) (rels rpmpack.Relations) {
	t.Helper()
	for _, s := range list {
		if err := rels.Set(s); err != nil {
			t.Fatal(err)
		}
	}
	return rels
}

// elf is the beginning of an ELF file.
func elf(machine byte, class, data byte) []byte {
	b := make([]byte, 64)
	copy(b, []byte{0x7f, 'E', 'L', 'F', class, data, 1})
	at := 18
	if data == 2 {
		at = 19
	}
	b[at] = machine
	return b
}

// TestMisfits: one thing wrong with a package each, and the check that says so.
func TestMisfits(t *testing.T) {
	program := rpmpack.RPMFile{Name: "/usr/bin/p", Mode: 0o755, Body: elf(62, 2, 1)}
	file := func(name string, mode uint) rpmpack.RPMFile {
		return rpmpack.RPMFile{Name: name, Mode: mode, Body: []byte("x")}
	}
	with := func(files ...rpmpack.RPMFile) func(t *testing.T, dir string) []string {
		return func(t *testing.T, dir string) []string {
			return []string{pack(t, dir, rpmpack.RPMMetaData{}, files...)}
		}
	}
	meta := func(m rpmpack.RPMMetaData) func(t *testing.T, dir string) []string {
		return func(t *testing.T, dir string) []string { return []string{pack(t, dir, m, program)} }
	}
	tests := []struct {
		name  string
		files func(t *testing.T, dir string) []string
		check string
		want  string // "" passes every check
	}{
		{"fits", with(program, file("/etc/p.conf", 0o644), rpmpack.RPMFile{Name: "/var/spool/p", Mode: 0o41777}, rpmpack.RPMFile{Name: "/run/p", Mode: 0o40755}), "", ""},
		{"made without a dist tag", meta(rpmpack.RPMMetaData{Release: "1"}), "", ""},
		{"for all architectures", func(t *testing.T, dir string) []string {
			return []string{pack(t, dir, rpmpack.RPMMetaData{Arch: "noarch"}, file("/usr/share/p", 0o644))}
		}, "", ""},
		{"nothing", func(*testing.T, string) []string { return nil }, "identity", "no binary package"},
		{"for another release", meta(rpmpack.RPMMetaData{Release: "1.el8"}), "identity", "has version 1-1.el8"},
		{"another release", meta(rpmpack.RPMMetaData{Release: "2.el9"}), "identity", "has version 1-2.el9"},
		{"an epoch", meta(rpmpack.RPMMetaData{Epoch: 9}), "identity", "has version 9:1-1.el9"},
		{"another architecture", meta(rpmpack.RPMMetaData{Arch: "s390x"}), "identity", "is for s390x"},
		{"an undeclared name", meta(rpmpack.RPMMetaData{Name: "glibc"}), "identity", "declares no package glibc"},
		{"a name that lies", func(t *testing.T, dir string) []string {
			was := pack(t, dir, rpmpack.RPMMetaData{}, program)
			return []string{move(t, was, filepath.Join(dir, "q-1-1.el9.x86_64.rpm"))}
		}, "identity", "q-1-1.el9.x86_64.rpm is p-1-1.el9.x86_64"},
		{"no package", func(t *testing.T, dir string) []string {
			name := filepath.Join(dir, "p.rpm")
			if err := os.WriteFile(name, []byte("no"), 0o644); err != nil {
				t.Fatal(err)
			}
			return []string{name}
		}, "identity", "p.rpm: lead"},
		{"a symlink", func(t *testing.T, dir string) []string {
			name := filepath.Join(dir, "p.rpm")
			if err := os.Symlink("/etc/shadow", name); err != nil {
				t.Fatal(err)
			}
			return []string{name}
		}, "identity", "no regular file"},
		{"the same package twice", func(t *testing.T, dir string) []string {
			return []string{pack(t, dir, rpmpack.RPMMetaData{}, program), pack(t, t.TempDir(), rpmpack.RPMMetaData{}, program)}
		}, "identity", "once more"},
		{"setuid", with(program, file("/usr/bin/root", 0o104755)), "files", "/usr/bin/root is setuid"},
		{"setgid", with(program, file("/usr/bin/games", 0o102755)), "files", "/usr/bin/games is setuid or setgid"},
		{"capabilities", func(t *testing.T, dir string) []string {
			return []string{packWith(t, dir, func(p *rpmpack.RPM) { p.AddCustomTag(5010, rpmpack.EntryStringSlice([]string{"cap_setuid=ep"})) }, program)}
		}, "files", "has the capabilities cap_setuid=ep"},
		{"in /usr/local", with(program, file("/usr/local/bin/x", 0o755)), "files", "/usr/local/bin/x is below /usr/local"},
		{"in /home", with(program, file("/home/me/.bashrc", 0o644)), "files", "below /home"},
		{"shipped in /run", with(program, file("/run/p.pid", 0o644)), "files", "below /run"},
		{"writable by everyone", with(program, file("/etc/p.conf", 0o666)), "files", "may be written by everyone"},
		{"a device", func(t *testing.T, dir string) []string {
			return []string{packWith(t, dir, func(p *rpmpack.RPM) { p.AddCustomTag(1030, rpmpack.EntryUint16([]uint16{0o020600})) }, program)}
		}, "files", "is a device"},
		{"not a clean path", with(program, file("/usr/../etc/passwd", 0o644)), "files", "no clean path"},
		{"built for another machine", with(rpmpack.RPMFile{Name: "/usr/bin/p", Mode: 0o755, Body: elf(183, 2, 1)}), "elf", "/usr/bin/p is for aarch64"},
		{"a library for s390x", with(rpmpack.RPMFile{Name: "/usr/lib64/libp.so.1", Mode: 0o644, Body: elf(22, 2, 2)}), "elf", "libp.so.1 is for s390x"},
		{"32 bits", with(rpmpack.RPMFile{Name: "/usr/bin/p", Mode: 0o755, Body: elf(3, 1, 1)}), "elf", "machine 3, 32 bits"},
		{"firmware of an emulator", with(program, rpmpack.RPMFile{Name: "/usr/share/qemu/boot.elf", Mode: 0o755, Body: elf(22, 2, 2)}), "", ""},
		{"a program for all architectures", func(t *testing.T, dir string) []string {
			return []string{pack(t, dir, rpmpack.RPMMetaData{Arch: "noarch"}, program)}
		}, "elf", "in a package for all"},
		{"the inside of glibc", meta(rpmpack.RPMMetaData{Requires: relations(t, "libc.so.6(GLIBC_PRIVATE)(64bit)")}), "glibc", "inside of one glibc"},
		{"a newer ABI", meta(rpmpack.RPMMetaData{Requires: relations(t, "libc.so.6(GLIBC_ABI_DT_RELR)(64bit)")}), "glibc", "GLIBC_ABI_DT_RELR"},
		{"a newer libm", meta(rpmpack.RPMMetaData{Requires: relations(t, "libm.so.6(GLIBC_2.35)(64bit)")}), "glibc", "libm.so.6(GLIBC_2.35)"},
		{"just new enough", meta(rpmpack.RPMMetaData{Requires: relations(t, "libc.so.6(GLIBC_2.34)(64bit)", "libc.so.6(GLIBC_2.2.5)(64bit)")}), "", ""},
		{"an rpm to come", meta(rpmpack.RPMMetaData{Requires: relations(t, "rpmlib(Telepathy) <= 9")}), "rpmlib", "rpmlib(Telepathy)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := expect(t, "epel-9-x86_64", "p", "1-1.fc44")
			e.Names = []string{"p"}
			r, err := fit.Check(t.Context(), e, tt.files(t, t.TempDir()))
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range r.Checks {
				switch {
				case c.Name == "closure" && c.Verdict == copr.Skip:
				case c.Name != tt.check && c.Verdict != copr.Pass && tt.check != "identity":
					t.Errorf("%s: %s %s", c.Name, c.Verdict, c.Reason)
				case c.Name == tt.check && (c.Verdict != copr.Fail || !strings.Contains(c.Reason, tt.want)):
					t.Errorf("%s: %s %q, want %q", c.Name, c.Verdict, c.Reason, tt.want)
				}
			}
		})
	}
	t.Run("setuid where it is allowed", func(t *testing.T) {
		e := expect(t, "epel-9-x86_64", "p", "1-1")
		e.SetID = []string{"/usr/bin/root"}
		r, err := fit.Check(t.Context(), e, with(program, file("/usr/bin/root", 0o104755))(t, t.TempDir()))
		if c := find(t, r, "files"); err != nil || c.Verdict != copr.Pass {
			t.Errorf("%v, %+v", err, c)
		}
	})
	t.Run("a payload that ends early", func(t *testing.T) {
		name := with(program)(t, t.TempDir())[0]
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for i := len(data) - 80; i < len(data)-40; i++ {
			data[i] ^= 0xff
		}
		if err := os.WriteFile(name, data, 0o644); err != nil {
			t.Fatal(err)
		}
		r, err := fit.Check(t.Context(), expect(t, "epel-9-x86_64", "p", "1-1"), []string{name})
		if c := find(t, r, "elf"); err != nil || c.Verdict != copr.Fail || !strings.Contains(c.Reason, "payload cannot be read") {
			t.Errorf("%v, %+v", err, c)
		}
	})
}

func move(t testing.TB, from, to string) string {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
	return to
}

// TestClosure holds requirements against a target made by repomd/index: versions, files that only filelists have, rich
// dependencies, and the packages of the delivery itself.
func TestClosure(t *testing.T) {
	repo := t.TempDir()
	pack(t, repo, rpmpack.RPMMetaData{Name: "base", Provides: relations(t, "libb.so.2()(64bit)", "cap = 3", "plain")},
		rpmpack.RPMFile{Name: "/usr/bin/base", Mode: 0o755}, rpmpack.RPMFile{Name: "/usr/share/base/data", Mode: 0o644})
	if _, err := index.Build(t.Context(), repo, index.Options{}); err != nil {
		t.Fatal(err)
	}
	target, err := fit.Load(t.Context(), os.DirFS(repo), ".")
	if err != nil {
		t.Fatal(err)
	}
	sub := rpmpack.RPMMetaData{Name: "p-libs", Provides: relations(t, "libp.so.1()(64bit)")}
	for _, tt := range []struct {
		needs string
		met   bool
	}{
		{"base", true}, {"base >= 1-1.el9", true}, {"base = 1", true}, {"base > 1", false}, {"base < 2", true}, {"base >= 2", false},
		{"libb.so.2()(64bit)", true}, {"libb.so.1()(64bit)", false}, {"libnowhere.so.9()(64bit)", false},
		{"cap >= 2", true}, {"cap <= 2", false}, {"cap = 1:3", false}, {"plain", true}, {"plain >= 1", false},
		{"/usr/bin/base", true}, {"/usr/share/base/data", true}, {"/usr/share/base/none", false}, {"/usr/bin/p", true},
		{"p-libs = 1-1.el9", true}, {"libp.so.1()(64bit)", true}, {"p-libs = 2", false},
		{"(base or nowhere)", true}, {"(nowhere or nothing)", false}, {"(base and plain)", true}, {"(base and nowhere)", false},
		{"(nowhere if nothing)", true}, {"(nowhere if base)", false}, {"(nowhere if nothing else base)", true}, {"(nowhere if nothing else nothing)", false},
		{"(cap >= 2 with cap < 4)", true}, {"((nowhere or libb.so.2()(64bit)) and base >= 1)", true}, {"(base without nowhere)", true},
		{"(base or", false}, {"(base xor plain)", false}, {"(base) more", false},
	} {
		t.Run(tt.needs, func(t *testing.T) {
			dir := t.TempDir()
			requires := rpmpack.Relations{}
			if strings.HasPrefix(tt.needs, "(") {
				requires = append(requires, &rpmpack.Relation{Name: tt.needs})
			} else {
				requires = relations(t, tt.needs)
			}
			packages := []string{
				pack(t, dir, rpmpack.RPMMetaData{Requires: requires}, rpmpack.RPMFile{Name: "/usr/bin/p", Mode: 0o755, Body: elf(62, 2, 1)}),
				pack(t, dir, sub),
			}
			e := expect(t, "epel-9-x86_64", "p", "1-1")
			e.Target = target
			r, err := fit.Check(t.Context(), e, packages)
			if err != nil {
				t.Fatal(err)
			}
			c := find(t, r, "closure")
			if (c.Verdict == copr.Pass) != tt.met || c.Verdict == copr.Skip {
				t.Errorf("%s %q", c.Verdict, c.Reason)
			}
			if !tt.met && !strings.Contains(c.Reason, "p-1-1.el9.x86_64.rpm requires "+strings.Fields(tt.needs)[0]) {
				t.Errorf("reason %q", c.Reason)
			}
		})
	}
}

// TestRealTarget holds packages against the metadata of CentOS Stream 9's AppStream.
func TestRealTarget(t *testing.T) {
	dir := os.Getenv("MIRRORCTL_APPSTREAM")
	if dir == "" {
		dir = "../../../shared/data/centos-stream-9-appstream"
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skip("SKIP: metadata of CentOS Stream 9 AppStream missing; name its directory in MIRRORCTL_APPSTREAM")
	}
	began := time.Now()
	target, err := fit.Load(t.Context(), os.DirFS(dir), ".")
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("loaded in %v", time.Since(began))
	check := func(needs ...string) copr.Check {
		e := expect(t, "epel-9-x86_64", "p", "1-1")
		e.Target = target
		r, err := fit.Check(t.Context(), e, []string{pack(t, t.TempDir(), rpmpack.RPMMetaData{Requires: relations(t, needs...)})})
		if err != nil {
			t.Fatal(err)
		}
		return find(t, r, "closure")
	}
	if c := check("libprotobuf-c.so.1()(64bit)", "/usr/bin/gcc", "httpd >= 2.4"); c.Verdict != copr.Pass {
		t.Errorf("%s %s", c.Verdict, c.Reason)
	}
	c := check("libprotobuf-c.so.9()(64bit)", "httpd >= 99")
	if c.Verdict != copr.Fail || !strings.Contains(c.Reason, "requires libprotobuf-c.so.9()(64bit), which neither epel-9 nor this build provides") || !strings.Contains(c.Reason, "httpd GE 99") {
		t.Errorf("%s %s", c.Verdict, c.Reason)
	}
}

func TestLoadNothing(t *testing.T) {
	if _, err := fit.Load(t.Context(), fstest.MapFS{}, "."); err == nil {
		t.Error("a directory without metadata was loaded")
	}
}

func TestProfiles(t *testing.T) {
	for target, want := range map[string][2]string{
		"epel-7": {"2.17", ".el7"}, "epel-8": {"2.28", ".el8"}, "epel-9": {"2.34", ".el9"}, "epel-10": {"2.39", ".el10"},
		"centos-stream-9": {"2.34", ".el9"}, "rocky-8.10": {"2.28", ".el8"}, "fedora-43": {"2.42", ".fc43"}, "fedora-rawhide": {"", ".fc45"},
	} {
		p, ok := fit.Profile(target)
		if !ok || p.GLIBC != want[0] || p.Macros["dist"] != want[1] || p.Macros["_rpmformat"] != "4" || p.Hash != "sha256" {
			t.Errorf("%s: %+v", target, p)
		}
	}
	for _, target := range []string{"", "epel", "epel-99", "debian-12", "fedora-1", "epel-rawhide"} {
		if p, ok := fit.Profile(target); ok {
			t.Errorf("%s: %+v", target, p)
		}
	}
}

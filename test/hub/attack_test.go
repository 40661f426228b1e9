package hub_test

import (
	"cmp"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mirrorctl/copr"
	"mirrorctl/copr/coprtest"
	"mirrorctl/test/hub"
)

// sample are the attacks that the short form makes; MIRRORCTL_COPR=long makes all of them.
var sample = []string{"read-secret", "net-tcp", "write-outside", "setuid", "parse-lua", "result-symlink", "result-other", "result-forged"}

// A hub gives its builds more room than the sandbox's own suite does: what ends an attack there may be another limit here, or those
// who read packages.
var here = map[string]string{"time limit": "longer than its limit", "over the limit": "identity failed", "[output cut": "attack: begins"}

// Each attack is a package of a hub, as it came from a packager who means harm or was fooled. Nothing of it is seen outside, and
// what is published is at most the package that its spec declares.
func TestAttacks(t *testing.T) {
	hub.NeedBuilds(t)
	t.Parallel()
	canary := coprtest.NewCanary(t)
	macros := []string{}
	for name, value := range canary.Macros() {
		macros = append(macros, "%{"+name+"}", value)
	}
	place := strings.NewReplacer(macros...)
	h := hub.New(t, "builders: 2")
	attacks := map[string]coprtest.Attack{}
	var packages strings.Builder
	var files []string
	for _, a := range coprtest.Attacks(t) {
		if !hub.Long() && !slices.Contains(sample, a.Name) {
			continue
		}
		attacks[a.Name] = a
		spec := place.Replace(string(a.Spec))
		spec = strings.NewReplacer("Name:      attack\n", "Name:      "+a.Name+"\n", "Version:   1\n", "Version:   %{upstream_version}\n").Replace(spec)
		files = append(files, a.Name+".spec", spec)
		extra := ", timeout: 1m"
		if a.Reason == "time limit" {
			extra = ", timeout: 5s"
		}
		for name, data := range a.Sources {
			files = append(files, a.Name+"/"+name, string(data))
			extra += ", extra: [" + a.Name + "/" + name + "]"
		}
		packages.WriteString(hub.Package(a.Name, extra))
	}
	if !hub.Long() && len(attacks) != len(sample) {
		t.Fatalf("%d attacks of %d", len(attacks), len(sample))
	}
	h.Declare(t, "bad/people", hub.Plain(packages.String()), files...)
	h.Start(t)

	builds := map[string]uint64{}
	for name := range attacks {
		builds[name] = h.Submit(t, name)
	}
	var everything []byte
	harmless := 0
	for name, id := range builds {
		b := h.Wait(t, id, 20*time.Minute)
		c, a := b.Chroots[0], attacks[name]
		if c.Attempt > 0 {
			a.Reason, a.Log = cmp.Or(here[a.Reason], a.Reason), cmp.Or(here[a.Log], a.Log)
		}
		log := h.Log(t, id, hub.Chroot)
		everything = append(append(everything, log...), c.Reason...)
		switch {
		case b.State == copr.Succeeded && a.Reason == "" && a.Stays == "":
			harmless++
		case b.State != copr.Failed || !strings.Contains(c.Reason, a.Reason):
			t.Errorf("%s: want %q: %s", name, a.Reason, hub.Describe(b))
		case a.Stays != "" && !strings.Contains(c.Reason, a.Stays):
			t.Errorf("%s: nobody refused %s: %s", name, a.Stays, hub.Describe(b))
		}
		// What attacks the reading of its spec may have ended there, and has no log.
		if c.Attempt > 0 && !strings.Contains(log, a.Log) {
			t.Errorf("%s did not run: no %q in the log\n%.2000s", name, a.Log, log)
		}
		if c.Attempt == 0 && a.Sources != nil {
			t.Errorf("%s was never built: %s", name, hub.Describe(b))
		}
		t.Logf("%s: %s: %s", name, b.State, c.Reason)
	}
	published, sources := h.Published(t)
	if len(published) != harmless || len(sources) != harmless {
		t.Errorf("%d packages of %d attacks that came to nothing: %q", len(published), harmless, published)
	}
	for _, p := range append(published, sources...) {
		name := strings.TrimSuffix(strings.TrimSuffix(filepath.Base(p), "-1-1."+hub.Chroot.Arch+".rpm"), "-1-1.src.rpm")
		if _, ok := attacks[name]; !ok {
			t.Errorf("published: %s", p)
		}
		data, err := os.ReadFile(filepath.Join(h.Dir, "pub", "results", p))
		if err != nil {
			t.Fatal(err)
		}
		everything = append(everything, data...)
	}
	everything = append(everything, h.Stop(t)...)
	for _, effect := range canary.Check(t, everything) {
		t.Errorf("effect: %s", effect)
	}
	if left := gone(t, h.Dir, 5*time.Second); len(left) > 0 {
		t.Errorf("processes: %q", left)
	}
	t.Logf("%d attacks, %d of them built a package without harm", len(attacks), harmless)
}

// nested is a %build that makes a package by another spec and puts it beside its own results.
func nested(spec string) string {
	var quoted strings.Builder // a line that begins with %description is the outer spec's, wherever it stands
	for line := range strings.Lines(spec) {
		quoted.WriteString("x" + strings.ReplaceAll(line, "%", "%%"))
	}
	return "%build\nmkdir -p inner %{_rpmdir}\nsed s/^x// >inner/x.spec <<'SPEC'\n" + quoted.String() +
		"SPEC\nrpmbuild -bb --define \"_topdir $PWD/inner\" --define '_rpmdir %{_rpmdir}' --define '_rpmfilename %%%%{NAME}-%%%%{VERSION}-%%%%{RELEASE}.%%%%{ARCH}.rpm' inner/x.spec\n"
}

func header(name, version, more string) string {
	return "Name: " + name + "\nVersion: " + version + "\nRelease: 1\nSummary: x\nLicense: MIT\n" + more + "%description\nx\n"
}

// Results that are whole packages, and not those that were asked for.
func TestResults(t *testing.T) {
	hub.NeedBuilds(t)
	t.Parallel()
	tests := []struct{ name, sections, reason string }{
		{"glibc", nested(header("glibc", "99", "")+"%files\n") + "%files\n", "glibc-99-1." + hub.Chroot.Arch + ".rpm has version 99-1"},
		{"borrowed", nested(header("borrowed", "1", "")+"%package -n openssl-libs\nSummary: x\n%description -n openssl-libs\nx\n%files -n openssl-libs\n") + "%files\n",
			"the spec declares no package openssl-libs"},
		{"other-source", nested(header("bash", "1", "")+"%files\n") + "%files\n", `was made from "bash-1-1.src.rpm"; want other-source-1-1.src.rpm`},
		{"newer", nested(header("newer", "2", "Epoch: 7\n")+"%files\n") + "%files\n", "newer-2-1." + hub.Chroot.Arch + ".rpm has version 7:2-1"},
		{"setuid-file", "%install\ninstall -D -m 755 /usr/bin/id %{buildroot}/usr/bin/become\n%files\n%attr(4755,root,root) /usr/bin/become\n",
			"/usr/bin/become is setuid or setgid (mode 4755), which the project does not allow"},
		{"capable", "%install\ninstall -D -m 755 /usr/bin/id %{buildroot}/usr/bin/become\n%files\n%caps(cap_setuid=ep) /usr/bin/become\n",
			"/usr/bin/become has the capabilities cap_setuid=ep, which the project does not allow"},
		{"device", "%install\n%files\n%dev(b,8,0) %attr(0666,root,root) /etc/disk\n", "/etc/disk is a device"},
		{"home", "%install\nmkdir -p %{buildroot}/root/.ssh\ntouch %{buildroot}/root/.ssh/authorized_keys\n%files\n/root/.ssh/authorized_keys\n", "is below /root"},
		{"everyone", "%install\nmkdir -p %{buildroot}/etc/cron.d\necho x >%{buildroot}/etc/cron.d/x\n%files\n%attr(0666,root,root) /etc/cron.d/x\n", "may be written by everyone"},
		{"allowed", "%install\ninstall -D -m 755 /usr/bin/id %{buildroot}/usr/bin/become\n%files\n%attr(4755,root,root) /usr/bin/become\n", ""},
		{"honest", "%files\n", ""},
	}
	h := hub.New(t, "builders: 2")
	var packages strings.Builder
	var files []string
	for _, tt := range tests {
		extra := ""
		if tt.name == "allowed" {
			extra = ", setuid: {/usr/bin/become: it is a test}"
		}
		packages.WriteString(hub.Package(tt.name, extra))
		files = append(files, tt.name+".spec", hub.Spec(tt.name, tt.sections))
	}
	h.Declare(t, "bad/results", hub.Plain(packages.String()), files...)
	h.Start(t)
	var ids []uint64
	for _, tt := range tests {
		ids = append(ids, h.Submit(t, tt.name))
	}
	var want []string
	for i, tt := range tests {
		b := h.Wait(t, ids[i], 2*time.Minute)
		switch {
		case tt.reason == "" && b.State == copr.Succeeded:
			want = append(want, tt.name+"-1-1."+hub.Chroot.Arch+".rpm")
		case tt.reason == "" || b.State != copr.Failed || !strings.Contains(b.Chroots[0].Reason, tt.reason):
			t.Errorf("%s: want %q: %s\n%s", tt.name, tt.reason, hub.Describe(b), h.Log(t, ids[i], hub.Chroot))
		default:
			t.Logf("%s: %s", tt.name, b.Chroots[0].Reason)
		}
	}
	signed(t, h, want)
}

// signed holds the results tree against the names that may be in it, and rpmkeys against their signatures.
func signed(t *testing.T, h *hub.Hub, want []string) {
	t.Helper()
	var got []string
	binaries, sources := h.Published(t)
	for _, name := range binaries {
		got = append(got, filepath.Base(name))
	}
	if len(sources) != len(binaries) { // each build here makes one package, and its source package lies beside
		t.Errorf("published %q with the sources %q", binaries, sources)
	}
	for _, name := range append(binaries, sources...) {
		path := filepath.Join(h.Dir, "pub", "results", name)
		keys, err := filepath.Glob(filepath.Join(h.Dir, "pub", "results", "*", "*", "pubkey.gpg"))
		if err != nil || len(keys) == 0 {
			t.Fatalf("keys %v, %v", keys, err)
		}
		db := t.TempDir()
		if out, err := exec.Command("rpmkeys", "--dbpath", db, "--import", keys[0]).CombinedOutput(); err != nil {
			t.Fatalf("import: %v: %s", err, out)
		}
		if out, err := exec.Command("rpmkeys", "--dbpath", db, "--checksig", path).CombinedOutput(); err != nil || !strings.Contains(string(out), "signatures OK") {
			t.Errorf("%v: %s", err, out)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("published %q, want %q", got, want)
	}
	// What was refused was not signed on the way, either.
	err := filepath.WalkDir(filepath.Join(h.Dir, "state", "copr", "staging"), func(name string, d os.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(name, ".rpm") {
			t.Errorf("signed and left: %s", name)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

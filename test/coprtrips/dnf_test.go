package coprtrips

import (
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// machine is a host with a dnf of its own.
type machine struct {
	t          *testing.T
	dir        string
	releasever string
}

// client makes a machine that knows the hub.
func (h *hub) client(distribution, releasever string) *machine {
	h.t.Helper()
	u, err := url.Parse(h.URL)
	if err != nil {
		h.t.Fatal(err)
	}
	m := &machine{h.t, h.t.TempDir(), releasever}
	for _, sub := range []string{"repos", "root", "plugins/copr.d"} {
		if err := os.MkdirAll(filepath.Join(m.dir, sub), 0o755); err != nil {
			h.t.Fatal(err)
		}
	}
	write(h.t, filepath.Join(m.dir, "plugins/copr.conf"), fmt.Sprintf("[main]\ndistribution = %s\nreleasever = %s\n", distribution, releasever))
	write(h.t, filepath.Join(m.dir, "plugins/copr.d/hub.conf"), fmt.Sprintf("[hub]\nhostname = %s\nprotocol = http\nport = %s\n", u.Hostname(), u.Port()))
	conf := "[main]\ngpgcheck=1\nskip_if_unavailable=0\nmetadata_expire=0\n"
	for key, name := range map[string]string{"cachedir": "cache", "logdir": "log", "persistdir": "persist", "reposdir": "repos", "pluginconfpath": "plugins"} {
		conf += key + "=" + filepath.Join(m.dir, name) + "\n"
	}
	write(h.t, filepath.Join(m.dir, "dnf.conf"), conf)
	return m
}

// repo gives the machine the .repo file that the hub answers.
func (m *machine) repo(h *hub, path string) {
	m.t.Helper()
	body, _ := h.get(path)
	write(m.t, filepath.Join(m.dir, "repos/hub.repo"), body)
}

func (m *machine) dnf(args ...string) (string, error) {
	out, err := m.command(args...).CombinedOutput()
	return string(out), err
}

func (m *machine) command(args ...string) *exec.Cmd {
	plugins := "--noplugins"
	if args[0] == "copr" {
		plugins = "--disableplugin=*"
		args = append([]string{"--enableplugin=copr"}, args...)
	}
	base := []string{"-y", "-c", filepath.Join(m.dir, "dnf.conf"), plugins, "--installroot", filepath.Join(m.dir, "root"), "--releasever", m.releasever}
	if plugins != "--noplugins" { // the plugin writes where dnf reads, not into a root
		base = base[:4]
	}
	cmd := exec.Command("dnf", append(base, args...)...)
	cmd.Env = append(os.Environ(), "LC_ALL=C", "HOME="+m.dir, "GNUPGHOME=")
	return cmd
}

func (m *machine) must(want string, args ...string) string {
	m.t.Helper()
	out, err := m.dnf(args...)
	if err != nil || !strings.Contains(out, want) {
		m.t.Fatalf("dnf %s: %v, want %q in\n%s", strings.Join(args, " "), err, want, out)
	}
	return out
}

// offered are the versions of a package that dnf sees now, with signatures of the metadata checked.
func (m *machine) offered(pkg string) string {
	m.t.Helper()
	cmd := m.command("-q", "--refresh", "--setopt=*.repo_gpgcheck=1", "repoquery", "--qf", "%{version}.%{arch}", pkg)
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		m.t.Fatalf("dnf repoquery %s: %v\n%s", pkg, err, said.String())
	}
	return strings.Join(strings.Fields(string(out)), " ")
}

// sees waits until dnf sees these versions: the service looks for new metadata once a second.
func (m *machine) sees(pkg, want string) {
	m.t.Helper()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(200 * time.Millisecond) {
		got := m.offered(pkg)
		if got == want {
			return
		}
		if time.Now().After(end) {
			m.t.Fatalf("%s: dnf sees %q, want %q", pkg, got, want)
		}
	}
}

// installs installs a package, and holds the text it brings against want.
func (m *machine) installs(pkg, want string) {
	m.t.Helper()
	out := m.must("Complete!", "--refresh", "--setopt=*.repo_gpgcheck=1", "install", pkg)
	got, err := os.ReadFile(filepath.Join(m.dir, "root/usr/share", pkg, "text"))
	if err != nil || strings.TrimSpace(string(got)) != want {
		m.t.Errorf("installed: %q, %v, want %q\n%s", got, err, want, out)
	}
}

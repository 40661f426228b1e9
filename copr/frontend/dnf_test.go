package frontend_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"github.com/google/rpmpack"

	"mirrorctl/copr"
	"mirrorctl/copr/results"
)

// key signs packages and metadata.
type key struct{ entity *openpgp.Entity }

func newKey(t testing.TB) key {
	t.Helper()
	no := false
	e, err := openpgp.NewEntity("adrian/criu", "", "hub@example.org", &packet.Config{RSABits: 2048, NonDeterministicSignaturesViaNotation: &no})
	if err != nil {
		t.Fatal(err)
	}
	e.Subkeys = nil // old rpm knows none
	var raw bytes.Buffer
	if err := e.SerializePrivate(&raw, nil); err != nil { // which makes the key's own signatures
		t.Fatal(err)
	}
	ring, err := openpgp.ReadKeyRing(&raw)
	if err != nil {
		t.Fatal(err)
	}
	return key{ring[0]}
}

func (k key) PublicKey(context.Context, copr.ProjectName) ([]byte, error) {
	var out bytes.Buffer
	w, err := armor.Encode(&out, openpgp.PublicKeyType, nil)
	if err != nil {
		return nil, err
	}
	if err := k.entity.Serialize(w); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return append(out.Bytes(), '\n'), nil
}

func (k key) SignRepomd(_ context.Context, _ copr.ProjectName, _ copr.Chroot, _ time.Time, raw []byte) ([]byte, error) {
	var out bytes.Buffer
	err := openpgp.ArmoredDetachSign(&out, k.entity, bytes.NewReader(raw), nil)
	return out.Bytes(), err
}

// pack makes a signed package.
func (k key) pack(t testing.TB, name, version, arch string) []byte {
	t.Helper()
	p, err := rpmpack.NewRPM(rpmpack.RPMMetaData{Name: name, Version: version, Release: "1", Arch: arch, OS: "linux", Summary: name, Licence: "GPL-2.0", BuildTime: time.Now(), Compressor: "gzip"})
	if err != nil {
		t.Fatal(err)
	}
	p.SetPGPSigner(func(header []byte) ([]byte, error) {
		var out bytes.Buffer
		err := openpgp.DetachSign(&out, k.entity, bytes.NewReader(header), nil)
		return out.Bytes(), err
	})
	p.AddFile(rpmpack.RPMFile{Name: "/usr/bin/" + name, Body: []byte("#!/bin/sh\necho " + version + "\n"), Mode: 0o755, Owner: "root", Group: "root"})
	var out bytes.Buffer
	if err := p.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// published serves a results tree in which builds are published: version 4.1 in stable, 4.2 in testing.
func published(t testing.TB, targets ...string) hub {
	t.Helper()
	root, k := t.TempDir(), newKey(t)
	tree := results.New(results.Options{Root: root, Signer: k})
	dirs := []string{}
	for _, target := range targets {
		c, err := copr.ParseChroot(target + "-x86_64")
		if err != nil {
			t.Fatal(err)
		}
		for id, ch := range map[uint64]copr.Channel{1: copr.Stable, 2: copr.Testing} {
			from := t.TempDir()
			version := fmt.Sprintf("4.%d", id)
			if err := os.WriteFile(filepath.Join(from, "criu-"+version+"-1.x86_64.rpm"), k.pack(t, "criu", version, "x86_64"), 0o644); err != nil {
				t.Fatal(err)
			}
			b := copr.Build{ID: id, Project: criu, Package: "criu", Chroots: []copr.BuildChroot{{Chroot: c}}}
			if err := tree.Publish(t.Context(), projects[0], ch, b, b.Chroots[0], from); err != nil {
				t.Fatal(err)
			}
			dirs = append(dirs, results.Dir(criu, ch, c))
		}
	}
	return serve(t, http.FileServer(http.Dir(root)), catalog(t, nil, dirs...))
}

// machine is a host with a dnf of its own: configuration, repositories, cache, root.
type machine struct{ dir string }

// newMachine configures the copr plugin for a hub; distribution and version are what it takes the host for.
func newMachine(t testing.TB, h hub, distribution, version string) machine {
	t.Helper()
	if _, err := exec.LookPath("dnf"); err != nil {
		t.Skip("SKIP: dnf is missing; test/packages installs it")
	}
	if found, _ := filepath.Glob("/usr/lib/python3*/*-packages/dnf-plugins/copr.py"); len(found) == 0 {
		t.Skip("SKIP: dnf-plugins-core is missing; test/packages installs it")
	}
	u, err := url.Parse(h.url)
	if err != nil {
		t.Fatal(err)
	}
	m := machine{t.TempDir()}
	for name, content := range map[string]string{
		"repos/.keep":             "",
		"root/.keep":              "",
		"plugins/copr.conf":       fmt.Sprintf("[main]\ndistribution = %s\nreleasever = %s\n", distribution, version),
		"plugins/copr.d/hub.conf": fmt.Sprintf("[hub]\nhostname = %s\nprotocol = http\nport = %s\n", u.Hostname(), u.Port()),
	} {
		full := filepath.Join(m.dir, name)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	conf := "[main]\ngpgcheck=1\nskip_if_unavailable=0\nkeepcache=0\n"
	for key, name := range map[string]string{"cachedir": "cache", "logdir": "log", "persistdir": "persist", "reposdir": "repos", "pluginconfpath": "plugins"} {
		conf += key + "=" + filepath.Join(m.dir, name) + "\n"
	}
	if err := os.WriteFile(filepath.Join(m.dir, "dnf.conf"), []byte(conf), 0o644); err != nil {
		t.Fatal(err)
	}
	return m
}

func (m machine) dnf(args ...string) (string, error) {
	cmd := exec.Command("dnf", append([]string{"-y", "-c", filepath.Join(m.dir, "dnf.conf"), "--disableplugin=*", "--enableplugin=copr"}, args...)...)
	cmd.Env = append(os.Environ(), "LC_ALL=C", "HOME="+m.dir, "GNUPGHOME=")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (m machine) must(t testing.TB, want string, args ...string) string {
	t.Helper()
	out, err := m.dnf(args...)
	if err != nil || !strings.Contains(out, want) {
		t.Fatalf("dnf %s: %v, want %q in\n%s", strings.Join(args, " "), err, want, out)
	}
	return out
}

// install installs a package into the machine's root and runs what it brought.
func (m machine) install(t testing.TB, releasever, want string) {
	t.Helper()
	root := filepath.Join(m.dir, "root")
	m.must(t, "Complete!", "--installroot", root, "--releasever", releasever, "install", "criu")
	if got, err := os.ReadFile(filepath.Join(root, "usr/bin/criu")); err != nil || !strings.Contains(string(got), want) {
		t.Errorf("installed: %q, %v, want %s", got, err, want)
	}
}

// The real plugin of dnf 4, from search to remove, with signatures of packages and metadata checked.
func TestDNF4(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("SKIP: not root: dnf installs as root alone")
	}
	h := published(t, "fedora-44", "epel-9")
	m := newMachine(t, h, "Fedora", "44")
	if out, err := exec.Command("dnf", "--version").Output(); err == nil {
		t.Logf("dnf %s", strings.SplitN(string(out), "\n", 2)[0])
	}
	m.must(t, "adrian/criu", "copr", "--hub", "hub", "search", "criu")
	m.must(t, "newest CRIU", "copr", "--hub", "hub", "list", "--available-by-user", "adrian")

	m.must(t, "Repository successfully enabled.", "copr", "enable", "hub/adrian/criu")
	repo := filepath.Join(m.dir, "repos/_copr:127.0.0.1:adrian:criu.repo")
	if _, err := os.Stat(repo); err != nil {
		t.Fatal(err)
	}
	m.must(t, "127.0.0.1/adrian/criu", "copr", "list")
	m.install(t, "44", "4.1")

	m.must(t, "Repository successfully enabled.", "copr", "enable", "hub/adrian/criu:testing")
	root := filepath.Join(m.dir, "root")
	m.must(t, "4.2-1", "--installroot", root, "--releasever", "44", "upgrade", "criu")
	m.must(t, "127.0.0.1/adrian/criu:testing", "copr", "list")
	m.must(t, "successfully disabled", "copr", "disable", "hub/adrian/criu:testing")
	m.must(t, "(disabled)", "copr", "list")
	m.must(t, "successfully removed", "copr", "remove", "hub/adrian/criu")
	if _, err := os.Stat(repo); !os.IsNotExist(err) {
		t.Errorf("removed: %v", err)
	}

	out, err := m.dnf("copr", "enable", "hub/adrian/criu", "fedora-12-x86_64")
	if err == nil || !strings.Contains(out, "Repository 'fedora-12-x86_64' does not exist in project 'adrian/criu'.") || !strings.Contains(out, "'epel-9-x86_64'") {
		t.Errorf("no such chroot: %v\n%s", err, out)
	}
	if out, err := m.dnf("copr", "enable", "hub/adrian/none"); err == nil || !strings.Contains(out, "Project adrian/none does not exist.") {
		t.Errorf("no such project: %v\n%s", err, out)
	}

	t.Run("group", func(t *testing.T) {
		newMachine(t, h, "Fedora", "44").must(t, "Repository successfully enabled.", "copr", "enable", "hub/@virt/tools")
	})
	t.Run("el", func(t *testing.T) { // any rebuild: the plugin says epel
		m := newMachine(t, h, "Rocky Linux", "9.4")
		m.must(t, "Repository successfully enabled.", "copr", "enable", "hub/adrian/criu")
		raw, err := os.ReadFile(filepath.Join(m.dir, "repos/_copr:127.0.0.1:adrian:criu.repo"))
		if err != nil || !strings.Contains(string(raw), "/epel-9-$basearch/") || !strings.Contains(string(raw), "module_hotfixes=1") {
			t.Errorf("%v\n%s", err, raw)
		}
		m.install(t, "9", "4.1")
	})
	t.Run("by hand", func(t *testing.T) { // a .repo file with the distribution's own name, over the 302
		m := newMachine(t, h, "Rocky Linux", "9.4")
		repo := strings.ReplaceAll("[criu]\nname=criu\nbaseurl=HUB/results/adrian/criu/rocky-9.4-$basearch/\ngpgcheck=1\nrepo_gpgcheck=1\ngpgkey=HUB/results/adrian/criu/pubkey.gpg\nenabled=1\n", "HUB", h.url)
		if err := os.WriteFile(filepath.Join(m.dir, "repos/criu.repo"), []byte(repo), 0o644); err != nil {
			t.Fatal(err)
		}
		m.install(t, "9.4", "4.1")
	})
}

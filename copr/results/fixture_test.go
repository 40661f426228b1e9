package results_test

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/google/rpmpack"

	"mirrorctl/copr"
	"mirrorctl/copr/results"
	"mirrorctl/repomd"
)

// key is a Signer with one key in memory.
type key struct{ entity *openpgp.Entity }

func newKey(t testing.TB) key {
	t.Helper()
	e, err := openpgp.NewEntity("hub", "", "hub@example.org", nil)
	if err != nil {
		t.Fatal(err)
	}
	return key{e}
}

// save and loadKey hand the key to a process that is going to be killed.
func (k key) save(t testing.TB) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "key")
	var raw bytes.Buffer
	if err := k.entity.SerializePrivate(&raw, nil); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, raw.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func loadKey(name string) (key, error) {
	f, err := os.Open(name)
	if err != nil {
		return key{}, err
	}
	defer f.Close()
	ring, err := openpgp.ReadKeyRing(f)
	if err != nil {
		return key{}, err
	}
	return key{ring[0]}, nil
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
	return out.Bytes(), w.Close()
}

func (k key) SignRepomd(_ context.Context, _ copr.ProjectName, _ copr.Chroot, _ time.Time, raw []byte) ([]byte, error) {
	var out bytes.Buffer
	err := openpgp.ArmoredDetachSign(&out, k.entity, bytes.NewReader(raw), nil)
	return out.Bytes(), err
}

func (k key) verifies(raw, asc []byte) error {
	_, err := openpgp.CheckArmoredDetachedSignature(openpgp.EntityList{k.entity}, bytes.NewReader(raw), bytes.NewReader(asc), nil)
	return err
}

var project = copr.Project{
	Name:     copr.ProjectName{Owner: "adrian", Name: "criu"},
	Packages: []copr.Package{{Name: "criu"}},
	Chroots:  []copr.Chroot{el9, el9arm},
}

var (
	el9    = copr.Chroot{Distribution: "epel", Version: "9", Arch: "x86_64"}
	el9arm = copr.Chroot{Distribution: "epel", Version: "9", Arch: "aarch64"}
)

func build(id uint64) copr.Build {
	return copr.Build{ID: id, Project: project.Name, Package: "criu", EVR: fmt.Sprintf("4.%d-1", id), Chroots: []copr.BuildChroot{
		{Chroot: el9, State: copr.Running, Attempt: 1}, {Chroot: el9arm, State: copr.Running, Attempt: 1},
	}}
}

// deliver makes what a signer leaves: packages, provenance, a log.
func deliver(t testing.TB, id uint64, arch string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"criu", "criu-libs"} {
		p, err := rpmpack.NewRPM(rpmpack.RPMMetaData{Name: name, Version: fmt.Sprintf("4.%d", id), Release: "1", Arch: arch, BuildTime: time.Unix(1e9, 0)})
		if err != nil {
			t.Fatal(err)
		}
		p.AddFile(rpmpack.RPMFile{Name: "/usr/share/" + name, Body: []byte(name), Mode: 0o644})
		var out bytes.Buffer
		if err := p.Write(&out); err != nil {
			t.Fatal(err)
		}
		put(t, dir, fmt.Sprintf("%s-4.%d-1.%s.rpm", name, id, arch), out.String())
	}
	put(t, dir, "provenance/criu.json", "{}\n")
	put(t, dir, "builder-live.log", "make\nmake: ok\n")
	put(t, dir, "notes.txt", "nobody asked for it\n")
	return dir
}

func put(t testing.TB, dir, name, content string) {
	t.Helper()
	full := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// listed are the locations of a repository's packages. The repository must be whole and signed.
func listed(t testing.TB, k key, dir string) []string {
	t.Helper()
	fsys := os.DirFS(dir)
	report, err := repomd.Verify(t.Context(), fsys, ".", repomd.VerifyOptions{Packages: true})
	if err != nil {
		t.Fatalf("verify %s: %v", dir, err)
	}
	if !report.Good() {
		t.Fatalf("verify %s: %v", dir, report.Problems)
	}
	raw, err := fs.ReadFile(fsys, "repodata/repomd.xml")
	if err != nil {
		t.Fatal(err)
	}
	asc, err := fs.ReadFile(fsys, "repodata/repomd.xml.asc")
	if err != nil {
		t.Fatal(err)
	}
	if err := k.verifies(raw, asc); err != nil {
		t.Fatalf("%s: repomd.xml.asc: %v", dir, err)
	}
	md, err := repomd.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, d := range md.Data {
		if d.Type != "primary" {
			continue
		}
		r, err := repomd.Open(fsys, ".", d)
		if err != nil {
			t.Fatal(err)
		}
		for p, err := range repomd.Packages(r) {
			if err != nil {
				t.Fatal(err)
			}
			names = append(names, p.Href)
		}
		r.Close()
	}
	slices.Sort(names)
	return names
}

func path(root string, ch copr.Channel, c copr.Chroot) string {
	return filepath.Join(root, results.Dir(project.Name, ch, c))
}

// both are the packages of builds.
func both(arch string, ids ...uint64) []string {
	var names []string
	for _, id := range ids {
		names = append(names, fmt.Sprintf("%08d-criu/criu-4.%d-1.%s.rpm", id, id, arch), fmt.Sprintf("%08d-criu/criu-libs-4.%d-1.%s.rpm", id, id, arch))
	}
	return names
}

func same(t testing.TB, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n  got  %s\n  want %s", what, strings.Join(got, " "), strings.Join(want, " "))
	}
}

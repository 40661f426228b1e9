package archivetest

import (
	"bytes"
	"compress/gzip"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"mirrorctl/archive"
	"mirrorctl/mirror"
)

// The release of the fixture, and its trees.
var (
	Release = mirror.Release{Product: "fedora", Version: "25"}
	Trees   = []mirror.Path{"free/fedora/releases/25", "free/fedora/updates/25", "nonfree/fedora/updates/25"}
)

// Other is a tree of another release, beside those of Release.
const Other mirror.Path = "free/fedora/updates/43"

// Target is what a catalog would say of the fixture.
func Target() archive.Target {
	return archive.Target{Release: Release, Trees: Trees, Others: []mirror.Path{Other}}
}

// When is the time of the fixture's files: long ago, with nanoseconds.
var When = time.Date(2016, 11, 22, 10, 11, 12, 131415161, time.UTC)

// Fixture makes a small release below root: repositories with sha256 and with the old "sha",
// hard links within and across trees, symlinks whole and dangling, install images, an iso with
// its checksum list, a stray file, an empty file, an empty directory, odd modes and names,
// and the leftovers of an rsync.
func Fixture(t testing.TB, root string) {
	t.Helper()
	f := fixture{t, root}
	os25 := "free/fedora/releases/25/Everything/x86_64/os"
	pkgs := f.packages(os25, "Packages/a", "alpha-1-1.fc25.x86_64.rpm", "beta-1-1.fc25.x86_64.rpm", "common-1-1.fc25.noarch.rpm")
	f.repository(os25, pkgs, "sha256", true)
	f.write(os25+"/images/boot.iso", "boot image of fedora 25")
	f.write(os25+"/.treeinfo", fmt.Sprintf("[general]\nfamily = Fedora\n\n[checksums]\nimages/boot.iso = sha256:%s\nimages/absent.img = sha256:%064d\n", sha("boot image of fedora 25"), 0))
	iso := "free/fedora/releases/25/Server/Fedora-Server-25.iso"
	f.write(iso, "a very small iso")
	f.write("free/fedora/releases/25/Server/Fedora-Server-25-CHECKSUM", fmt.Sprintf("# Fedora-Server-25.iso: 16 bytes\nSHA256 (Fedora-Server-25.iso) = %s\n", sha("a very small iso")))
	f.write("free/fedora/releases/25/README", "read me\n")
	f.write("free/fedora/releases/25/empty", "")
	f.write("free/fedora/releases/25/na me ü", "odd name")
	f.mkdir("free/fedora/releases/25/nothing-here")
	f.symlink("free/fedora/releases/25/latest", "Everything/x86_64")
	f.symlink("free/fedora/releases/25/dangling", "../../gone")

	up := "free/fedora/updates/25/x86_64"
	pkgs = f.packages(up, "", "alpha-2-1.fc25.x86_64.rpm", "gamma-1-1.fc25.x86_64.rpm")
	f.link(os25+"/Packages/a/common-1-1.fc25.noarch.rpm", up+"/common-1-1.fc25.noarch.rpm")
	pkgs["common-1-1.fc25.noarch.rpm"] = f.read(up + "/common-1-1.fc25.noarch.rpm")
	f.repository(up, pkgs, "sha", false)
	i386 := "free/fedora/updates/25/i386"
	f.mkdir(i386)
	f.link(up+"/common-1-1.fc25.noarch.rpm", i386+"/common-1-1.fc25.noarch.rpm")
	f.write(up+"/.gamma-2-1.fc25.x86_64.rpm.Ab3xYz", "half a package of an rsync")

	non := "nonfree/fedora/updates/25/x86_64"
	f.repository(non, f.packages(non, "", "omega-1-1.fc25.x86_64.rpm"), "sha256", true)
	f.write(string(Other)+"/x86_64/new-1-1.fc43.x86_64.rpm", "a package of an active release")

	f.settle()
}

type fixture struct {
	t    testing.TB
	root string
}

func (f fixture) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f fixture) path(name string) string { return filepath.Join(f.root, name) }

func (f fixture) mkdir(name string) { f.must(os.MkdirAll(f.path(name), 0o755)) }

func (f fixture) write(name, data string) {
	f.mkdir(filepath.Dir(name))
	f.must(os.WriteFile(f.path(name), []byte(data), 0o644))
}

func (f fixture) read(name string) string {
	data, err := os.ReadFile(f.path(name))
	f.must(err)
	return string(data)
}

func (f fixture) link(from, to string)        { f.must(os.Link(f.path(from), f.path(to))) }
func (f fixture) symlink(name, target string) { f.must(os.Symlink(target, f.path(name))) }

// packages writes files that pass for packages, and returns their contents by href.
func (f fixture) packages(repo, dir string, names ...string) map[string]string {
	pkgs := map[string]string{}
	for i, name := range names {
		data := string(bytes.Repeat([]byte(name+" "), 200*(i+1)))
		href := filepath.Join(dir, name)
		f.write(repo+"/"+href, data)
		pkgs[href] = data
	}
	return pkgs
}

func sha(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

func digest(algo, s string) string {
	if algo == "sha" {
		sum := sha1.Sum([]byte(s))
		return hex.EncodeToString(sum[:])
	}
	return sha(s)
}

// repository writes repodata: repomd.xml and a primary, named by its hash or not.
func (f fixture) repository(dir string, pkgs map[string]string, algo string, hashed bool) {
	var primary bytes.Buffer
	fmt.Fprintf(&primary, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<metadata xmlns=\"http://linux.duke.edu/metadata/common\" xmlns:rpm=\"http://linux.duke.edu/metadata/rpm\" packages=\"%d\">\n", len(pkgs))
	for href, data := range pkgs {
		fmt.Fprintf(&primary, `<package type="rpm"><name>%s</name><arch>x86_64</arch><version epoch="0" ver="1" rel="1"/>
<checksum type="%s" pkgid="YES">%s</checksum><summary>s</summary><description>d</description><packager/><url/>
<time file="1479809472" build="1479809472"/><size package="%d" installed="1" archive="1"/><location href="%s"/>
<format><rpm:license>MIT</rpm:license><rpm:sourcerpm>s.src.rpm</rpm:sourcerpm></format></package>
`, filepath.Base(href), algo, digest(algo, data), len(data), href)
	}
	primary.WriteString("</metadata>\n")
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Write(primary.Bytes())
	f.must(z.Close())
	name := "primary.xml.gz"
	if hashed {
		name = digest(algo, packed.String()) + "-" + name
	}
	f.write(dir+"/repodata/"+name, packed.String())
	f.write(dir+"/repodata/repomd.xml", fmt.Sprintf(`<?xml version="1.0" encoding="UTF-8"?>
<repomd xmlns="http://linux.duke.edu/metadata/repo"><revision>1</revision>
<data type="primary"><checksum type="%s">%s</checksum><open-checksum type="%s">%s</open-checksum>
<location href="repodata/%s"/><timestamp>1479809472</timestamp><size>%d</size><open-size>%d</open-size></data>
</repomd>
`, algo, digest(algo, packed.String()), algo, digest(algo, primary.String()), name, packed.Len(), primary.Len()))
}

// settle gives everything odd modes and old times, directories last.
func (f fixture) settle() {
	f.must(os.Chmod(f.path("free/fedora/releases/25/README"), 0o640))
	f.must(os.Chmod(f.path("free/fedora/releases/25/Server"), 0o775|os.ModeSetgid))
	var names []string
	f.must(filepath.WalkDir(f.root, func(name string, _ os.DirEntry, err error) error {
		names = append(names, name)
		return err
	}))
	for i := len(names) - 1; i >= 0; i-- {
		f.must(lutimes(names[i], When.Add(time.Duration(i)*time.Millisecond)))
	}
}

// Bulk makes one repository of n packages of size bytes each below root, all listed with their
// SHA-256: enough to measure with.
func Bulk(t testing.TB, root string, n, size int) archive.Target {
	t.Helper()
	f := fixture{t, root}
	const dir = "free/fedora/releases/25/Everything/x86_64/os"
	pkgs := map[string]string{}
	chacha := rand.NewChaCha8([32]byte{25})
	data := make([]byte, size)
	for i := range n {
		chacha.Read(data)
		href := fmt.Sprintf("Packages/%02x/bulk-%d-1.fc25.x86_64.rpm", i%64, i)
		f.write(dir+"/"+href, string(data))
		pkgs[href] = string(data)
	}
	f.repository(dir, pkgs, "sha256", true)
	return archive.Target{Release: Release, Trees: Trees[:1]}
}

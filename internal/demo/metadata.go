package demo

import (
	"bytes"
	"crypto/sha256"
	"encoding/xml"
	"fmt"
	"strings"
)

// comps is the group file of a stage: one group of everything to play with.
func comps(f *forge, flavor string) []byte {
	var b bytes.Buffer
	b.WriteString(xml.Header)
	b.WriteString("<!DOCTYPE comps PUBLIC \"-//Red Hat, Inc.//DTD Comps info//EN\" \"comps.dtd\">\n<comps>\n")
	fmt.Fprintf(&b, "  <group>\n    <id>rpmfusion-%s-multimedia</id>\n    <name>RPM Fusion %s multimedia</name>\n", flavor, flavor)
	b.WriteString("    <description>Players, codecs and libraries.</description>\n    <default>false</default>\n    <uservisible>true</uservisible>\n    <packagelist>\n")
	for i := range catalog {
		c := &catalog[i]
		if c.flavor != flavor || !f.inStage(c) {
			continue
		}
		for _, sub := range c.binaries {
			if sub.kind != kindHeaders {
				fmt.Fprintf(&b, "      <packagereq type=%q>%s</packagereq>\n", map[bool]string{true: "default", false: "optional"}[sub.suffix == ""], escape(c.name+sub.suffix))
			}
		}
	}
	b.WriteString("    </packagelist>\n  </group>\n</comps>\n")
	return b.Bytes()
}

// updateinfo says why each update of a stage was made. Its ids depend on what it says alone.
func updateinfo(f *forge, flavor, basearch string) []byte {
	var b bytes.Buffer
	b.WriteString(xml.Header)
	b.WriteString("<updates>\n")
	issued := f.when(f.stage).Format("2006-01-02 15:04:05")
	status := map[stage]string{updated: "stable", inTesting: "testing"}[f.stage]
	for i := range catalog {
		c := &catalog[i]
		if c.flavor != flavor || !f.inStage(c) || f.build(c) == 1 {
			continue
		}
		sum := sha256.Sum256([]byte(f.srpm(c)))
		id := fmt.Sprintf("RPMFUSION-%d-%x", f.when(f.stage).Year(), sum[:5])
		fmt.Fprintf(&b, "  <update from=\"demo@demo.invalid\" status=%q type=%q version=\"2.0\">\n", status, map[bool]string{true: "security", false: "bugfix"}[c.testing])
		fmt.Fprintf(&b, "    <id>%s</id>\n    <title>%s</title>\n    <issued date=%q/>\n    <severity>Moderate</severity>\n", id, escape(strings.TrimSuffix(f.srpm(c), ".src.rpm")), issued)
		fmt.Fprintf(&b, "    <description>%s was built again.</description>\n    <references/>\n", escape(c.name))
		fmt.Fprintf(&b, "    <pkglist>\n      <collection short=%q>\n        <name>RPM Fusion %s for %s</name>\n", f.Release, flavor, f.Release)
		for j := range c.binaries {
			p := f.binary(c, &c.binaries[j], basearch)
			fmt.Fprintf(&b, "        <package name=\"%s\" version=\"%s\" release=\"%s\" epoch=\"0\" arch=\"%s\" src=\"%s\">\n          <filename>%s</filename>\n        </package>\n",
				escape(p.name), escape(p.version), p.release, p.arch, escape(p.srpm), escape(p.fileName()))
		}
		b.WriteString("      </collection>\n    </pkglist>\n  </update>\n")
	}
	b.WriteString("</updates>\n")
	return b.Bytes()
}

func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a strings.Builder does not fail
	return b.String()
}

const rootReadme = `This is a demonstration of mirrorctl. It looks like RPM Fusion and is not RPM Fusion: names and
dependencies are those of real packages, their content is random bytes.

free/       what has a free licence
nonfree/    what has not
RPM-GPG-KEY-demo in both: the key that signed the packages. It protects nothing.
`

const oldReadme = `The repositories of this release are read by yum 3, which can use primary.sqlite.bz2 and its like.
They are left out: yum reads the XML just as well, and this demonstration is made without SQLite.
File names carry no checksum, and checksums are SHA-1 under the name "sha", as createrepo wrote them then.
`

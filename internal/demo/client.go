package demo

import (
	"bytes"
	"fmt"
	"path"
	"strings"
)

// form is how a .repo file finds its mirrors.
type form string

// The forms that RPM Fusion's release packages had over the years, newest first.
const (
	byMetalink   form = "metalink"
	byMirrorlist form = "mirrorlist"
	byBaseurl    form = "baseurl"
)

var forms = []form{byMetalink, byMirrorlist, byBaseurl}

// Where an installed release package keeps its files.
const (
	repoDir = "/etc/yum.repos.d"
	keyDir  = "/etc/pki/rpm-gpg"
)

// repoFile writes a .repo file in RPM Fusion's own form: the sections, names and order of its release
// packages. publicURL ends in a slash; gpgkey is a URL.
func repoFile(product, flavor string, s stage, f form, publicURL, gpgkey string) []byte {
	d := distribution{}
	d.Product, d.Version = product, "$releasever"
	system := map[string]string{"fedora": "Fedora", "el": "EL"}[product]
	section, title := "rpmfusion-"+flavor, strings.ToUpper(flavor[:1])+flavor[1:]
	list := flavor + "-" + product
	joint, enabled := " ", true
	switch {
	case s == inTesting:
		section, title, list, enabled = section+"-updates-testing", title+" - Test Updates", list+"-updates-testing", false
	case s == updated:
		section, title, list = section+"-updates", title+" - Updates", list+"-updates-released"
	default:
		joint = " - "
	}
	var b bytes.Buffer
	for _, part := range []struct{ section, title, list, dir string }{
		{"", "", "", d.binaryDir(s, "$basearch")},
		{"-debuginfo", joint + "Debug", "-debug", d.debugDir(s, "$basearch")},
		{"-source", joint + "Source", "-source", d.sourceDir(s)},
	} {
		find := fmt.Sprintf("?repo=%s%s-$releasever&arch=$basearch", list, part.list)
		base := publicURL + path.Join(flavor, part.dir) + "/"
		fmt.Fprintf(&b, "[%s%s]\nname=RPM Fusion for %s $releasever - %s%s\n", section, part.section, system, title, part.title)
		switch f {
		case byBaseurl:
			fmt.Fprintf(&b, "baseurl=%s\n#metalink=%smetalink%s\n", base, publicURL, find)
		default:
			fmt.Fprintf(&b, "#baseurl=%s\n%s=%s%s%s\n", base, f, publicURL, f, find)
		}
		fmt.Fprintf(&b, "enabled=%d\n", map[bool]int{true: 1}[enabled && part.section == ""])
		if s == released {
			fmt.Fprintf(&b, "metadata_expire=%s\n", map[bool]string{true: "14d", false: "7d"}[part.section == ""])
		}
		fmt.Fprintf(&b, "type=rpm-md\ngpgcheck=1\nrepo_gpgcheck=0\ngpgkey=%s\n\n", gpgkey)
	}
	return b.Bytes()
}

// repoFileName is what RPM Fusion calls it.
func repoFileName(flavor string, s stage) string {
	return "rpmfusion-" + flavor + map[stage]string{released: "", updated: "-updates", inTesting: "-updates-testing"}[s] + ".repo"
}

// stagesOf lists the stages that a product's .repo files name.
func stagesOf(product string) []stage {
	if product == "el" {
		return []stage{updated}
	}
	return []stage{released, updated, inTesting}
}

// releaseFiles is the content of rpmfusion-free-release and its sister.
func releaseFiles(product, flavor, publicURL string, key []byte) []content {
	keyFile := path.Join(keyDir, "RPM-GPG-KEY-rpmfusion-"+flavor+"-demo")
	files := []content{{path: keyFile, mode: 0o100644, data: key}}
	for _, s := range stagesOf(product) {
		files = append(files, content{
			path: path.Join(repoDir, repoFileName(flavor, s)),
			mode: 0o100644,
			data: repoFile(product, flavor, s, byMetalink, publicURL, "file://"+keyFile),
		})
	}
	return files
}

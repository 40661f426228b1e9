package web

import (
	"strconv"
	"strings"
)

// Agent is what a User-Agent tells: indices into the closed sets Clients, Systems and Arches.
type Agent struct{ Client, OS, Arch int }

// The client programs.
const (
	clientOther = iota
	clientDNF
	clientDNF5
	clientYum
	clientZypper
	clientPulp
	clientReposync
	clientCrawler
	clientBrowser
	clientBot
)

var clientNames = []string{"other", "dnf", "dnf5", "yum", "zypper", "pulp", "reposync", "crawler", "browser", "bot"}

var archNames = []string{"none", "other", "x86_64", "aarch64", "ppc64le", "s390x", "i386", "armhfp", "ppc64", "riscv64", "noarch"}

// Systems 0 and 1; what follows is made from distros.
const (
	osNone = iota
	osOther
)

// distros are the names under which libdnf reports a system (NAME of os-release), and the versions
// that are told apart: a client may claim any, and each one costs a series.
var distros = []struct {
	name, label string
	from, to    int
	base        int // index of the label without a version
}{
	{name: "Fedora Linux", label: "fedora", from: 18, to: 60},
	{name: "Fedora", label: "fedora", from: 18, to: 60},
	{name: "CentOS Stream", label: "centos-stream", from: 8, to: 12},
	{name: "CentOS Linux", label: "centos", from: 5, to: 8},
	{name: "Red Hat Enterprise Linux", label: "rhel", from: 5, to: 12},
	{name: "AlmaLinux", label: "almalinux", from: 8, to: 12},
	{name: "Rocky Linux", label: "rocky", from: 8, to: 12},
	{name: "Oracle Linux", label: "oracle", from: 6, to: 12},
	{name: "Amazon Linux", label: "amazon"},
	{name: "openEuler", label: "openeuler"},
	{name: "openSUSE", label: "opensuse"},
	{name: "Mageia", label: "mageia"},
	{name: "Debian GNU/Linux", label: "debian"},
	{name: "Ubuntu", label: "ubuntu"},
}

var osNames = func() []string {
	names := []string{"none", "other"}
	bases := map[string]int{}
	for i := range distros {
		d := &distros[i]
		if base, ok := bases[d.label]; ok {
			d.base = base
			continue
		}
		d.base = len(names)
		bases[d.label] = d.base
		names = append(names, d.label)
		for v := d.from; d.from > 0 && v <= d.to; v++ {
			names = append(names, d.label+"-"+strconv.Itoa(v))
		}
	}
	return names
}()

// ParseAgent classifies a User-Agent. It allocates nothing.
//
//	libdnf (Fedora Linux 42; workstation; Linux.x86_64)      dnf 4.3 and later, and dnf5
//	urlgrabber/3.9.1 yum/3.2.29                              yum
//	ZYpp 17.25.7 (curl 7.88.1)                               zypper
func ParseAgent(ua string) Agent {
	switch {
	case ua == "":
		return Agent{}
	case strings.HasPrefix(ua, "libdnf5"), strings.HasPrefix(ua, "dnf5/"):
		return system(clientDNF5, ua)
	case strings.HasPrefix(ua, "libdnf"), strings.HasPrefix(ua, "dnf/"):
		return system(clientDNF, ua)
	case strings.HasPrefix(ua, "urlgrabber/"):
		if strings.Contains(ua, "reposync") {
			return Agent{Client: clientReposync}
		}
		return Agent{Client: clientYum}
	case strings.HasPrefix(ua, "ZYpp "):
		return Agent{Client: clientZypper}
	case strings.HasPrefix(ua, "pulp"):
		return Agent{Client: clientPulp}
	case strings.HasPrefix(ua, "curl/"), strings.HasPrefix(ua, "Wget/"):
		return Agent{}
	}
	for _, word := range [...]struct {
		text   string
		client int
	}{
		{"reposync", clientReposync},
		{"mirrormanager", clientCrawler}, {"MirrorManager", clientCrawler}, {"MirrorBrain", clientCrawler}, {"Mirrorbits", clientCrawler},
		{"mirrorbits", clientCrawler}, {"mirrorctl", clientCrawler},
		{"bot", clientBot}, {"Bot", clientBot}, {"spider", clientBot}, {"Spider", clientBot}, {"crawl", clientBot}, {"Crawl", clientBot},
		{"Mozilla/", clientBrowser}, {"Lynx/", clientBrowser}, {"Opera/", clientBrowser},
	} {
		if strings.Contains(ua, word.text) {
			return Agent{Client: word.client}
		}
	}
	return Agent{}
}

// system reads "… (NAME VERSION; VARIANT; OS.ARCH)".
func system(client int, ua string) Agent {
	a := Agent{Client: client}
	open, end := strings.IndexByte(ua, '('), strings.LastIndexByte(ua, ')')
	if open < 0 || end < open {
		return a
	}
	ua = ua[open+1 : end]
	a.OS = osOther
	for i := range distros {
		if d := &distros[i]; strings.HasPrefix(ua, d.name) {
			a.OS = d.base
			if v := major(ua[len(d.name):]); d.from > 0 && d.from <= v && v <= d.to {
				a.OS += 1 + v - d.from
			}
			break
		}
	}
	last := ua[strings.LastIndexByte(ua, ';')+1:]
	if dot := strings.IndexByte(last, '.'); dot >= 0 {
		a.Arch = 1
		for i, name := range archNames[2:] {
			if last[dot+1:] == name {
				a.Arch = 2 + i
			}
		}
	}
	return a
}

// major is the first number behind a distribution's name, before the next semicolon. Words in between
// ("Red Hat Enterprise Linux Server 8.7") are stepped over.
func major(s string) (v int) {
	for i := range len(s) {
		switch c := s[i]; {
		case c == ';':
			return 0
		case '0' <= c && c <= '9':
			for ; i < len(s) && '0' <= s[i] && s[i] <= '9' && v < 1000; i++ {
				v = v*10 + int(s[i]-'0')
			}
			return v
		}
	}
	return 0
}

// Clients, Systems and Arches are the closed sets of the labels of client_requests_total.
func Clients() []string { return clientNames }

// Systems lists the values of the os label.
func Systems() []string { return osNames }

// Arches lists the values of the arch label.
func Arches() []string { return archNames }

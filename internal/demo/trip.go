package demo

import (
	"fmt"
	"path"
	"strings"
)

// Trip is something to try on a served demo.
type Trip struct {
	Title    string
	Why      string   // what to look at
	Commands []string // for a shell, in this order; the first word is a program
}

// Trips are the three things to try, with the site served at its public URL. program is how the reader
// calls mirrorctl.
func (s *Site) Trips(program string) []Trip {
	d := &distribution{}
	d.Product, d.Version = "fedora", "25"
	repomd := s.PublicURL + path.Join("free", d.binaryDir(released, "x86_64"), "repodata/repomd.xml")
	install := fmt.Sprintf("dnf -y --noplugins --installroot=%s --releasever=25 --forcearch=x86_64 --setopt=reposdir=%s --setopt=cachedir=%s install vlc unrar",
		quote(s.Dir+"/installed"), quote(s.Clients+"/fedora/metalink"), quote(s.Dir+"/dnf-cache"))
	return []Trip{
		{
			Title: "Ask for a release that ended, as its clients do",
			Why:   "fedora-25 still lies in the root: 200, and the list names this server",
			Commands: []string{
				"curl -sI " + quote(repomd),
				"curl -s " + quote(s.PublicURL+"mirrorlist?repo=free-fedora-25&arch=x86_64"),
			},
		}, {
			Title: "Archive it, and ask again",
			Why:   "the same questions now end in the archive: 302, and the list names it; nobody had to change a .repo file",
			Commands: []string{
				program + " archive fedora-25 --yes --config " + quote(s.Config),
				"curl -sI " + quote(repomd),
				"curl -s " + quote(s.PublicURL+"mirrorlist?repo=free-fedora-25&arch=x86_64"),
			},
		}, {
			Title:    "Install from it with dnf, signatures checked",
			Why:      "an unmodified client installs Fedora 25 packages into an empty root, before and after",
			Commands: []string{install},
		},
	}
}

// quote quotes for a shell where needed.
func quote(s string) string {
	plain := func(r rune) bool {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("-_./:,@%+=", r)
	}
	if strings.ContainsFunc(s, func(r rune) bool { return !plain(r) }) {
		return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
	}
	return s
}

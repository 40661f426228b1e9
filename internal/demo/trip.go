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
// calls mirrorctl; archived says whether fedora-25 is in the archive by now.
func (s *Site) Trips(program string, archived bool) []Trip {
	d := &distribution{}
	d.Product, d.Version = "fedora", "25"
	repomd := s.PublicURL + path.Join("free", d.binaryDir(released, "x86_64"), "repodata/repomd.xml")
	ask := []string{
		"curl -sI " + quote(repomd),
		"curl -s " + quote(s.PublicURL+"mirrorlist?repo=free-fedora-25&arch=x86_64"),
	}
	command := func(words string) string { return program + " " + words + " --yes --config " + quote(s.Config) }
	install := fmt.Sprintf("dnf -y --noplugins --installroot=%s --releasever=25 --forcearch=x86_64 --setopt=reposdir=%s --setopt=cachedir=%s install vlc unrar",
		quote(s.Dir+"/installed"), quote(s.Clients+"/fedora/metalink"), quote(s.Dir+"/dnf-cache"))

	first := Trip{"Ask for a release that ended, as its clients do", "fedora-25 lies in the root: 200, and the list names this server", ask}
	second := Trip{
		"Archive it, and ask again", "now 302, and the list names the archive; nobody had to change a .repo file",
		append([]string{command("archive fedora-25")}, ask...),
	}
	if archived {
		first.Why = "fedora-25 is archived: 302, and the list names the archive; nobody had to change a .repo file"
		second = Trip{
			"Take it out of the root, ask again, and bring it back", "clients are told the same while the root is without it; a second after the restore it is 200 again",
			[]string{command("archive --prune fedora-25"), ask[0], command("restore fedora-25"), ask[0]},
		}
	}
	return []Trip{first, second, {
		"Install from it with dnf, signatures checked", "an unmodified dnf (as root) installs Fedora 25 into an empty directory, wherever the release lies", []string{install},
	}}
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

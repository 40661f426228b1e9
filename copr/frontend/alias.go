package frontend

import (
	"strings"

	"mirrorctl/copr"
)

// rebuilds are distributions whose packages are another's: os-release's ID → the name of COPR's chroots.
var rebuilds = map[string]string{
	"almalinux":     "epel",
	"centos":        "epel",
	"centos-stream": "epel",
	"circle":        "epel",
	"cloudlinux":    "epel",
	"eurolinux":     "epel",
	"el":            "epel",
	"miraclelinux":  "epel",
	"navylinux":     "epel",
	"ol":            "epel",
	"oraclelinux":   "epel",
	"rhel":          "epel",
	"rocky":         "epel",
	"scientific":    "epel",
	"springdale":    "epel",
	"virtuozzo":     "epel",

	"fedora-asahi-remix": "fedora",
}

// offered are the rebuilds that dnf5 is told of whatever it runs on; it prints them all when it finds none for itself.
var offered = []string{"almalinux", "centos", "centos-stream", "eurolinux", "ol", "rhel", "rocky"}

// targets are the chroots of a repository by target: epel-9 → its chroots.
type targets map[string][]copr.Chroot

func targetsOf(chroots []copr.Chroot) targets {
	t := targets{}
	for _, c := range chroots {
		t[c.Target()] = append(t[c.Target()], c)
	}
	return t
}

// resolve finds the target that a client of asked is to use: that very one, the one of the whole number, or the one that
// it is a rebuild of.
func (t targets) resolve(asked string) (string, bool) {
	if _, ok := t[asked]; ok {
		return asked, true
	}
	i := strings.LastIndexByte(asked, '-')
	if i <= 0 {
		return "", false
	}
	name, version := asked[:i], asked[i+1:]
	whole, _, _ := strings.Cut(version, ".")
	candidates := []string{name + "-" + whole}
	if original, ok := rebuilds[name]; ok {
		candidates = append(candidates, original+"-"+version, original+"-"+whole)
	}
	for _, c := range candidates {
		if _, ok := t[c]; ok {
			return c, true
		}
	}
	return "", false
}

// hasModules reports whether modular filtering may hide a target's packages: EL 8 and 9 have modules.
func hasModules(target string) bool {
	return target == "epel-8" || target == "epel-9" || strings.HasPrefix(target, "epel-8.") || strings.HasPrefix(target, "epel-9.") ||
		strings.HasPrefix(target, "centos-stream-8") || strings.HasPrefix(target, "centos-stream-9") || strings.HasPrefix(target, "rhel-8") || strings.HasPrefix(target, "rhel-9")
}

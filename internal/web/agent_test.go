package web_test

import (
	"bufio"
	"os"
	"strings"
	"testing"

	"mirrorctl/internal/web"
)

func label(ua string) string {
	a := web.ParseAgent(ua)
	return web.Clients()[a.Client] + " " + web.Systems()[a.OS] + " " + web.Arches()[a.Arch]
}

func TestParseAgent(t *testing.T) {
	for ua, want := range map[string]string{
		"": "other none none",
		"libdnf (Fedora 25; workstation; Linux.x86_64)":                       "dnf fedora-25 x86_64",
		"libdnf (Fedora Linux 42; server; Linux.aarch64)":                     "dnf fedora-42 aarch64",
		"libdnf5 (Fedora Linux 42; server; Linux.s390x)":                      "dnf5 fedora-42 s390x",
		"libdnf (CentOS Stream 9; generic; Linux.ppc64le)":                    "dnf centos-stream-9 ppc64le",
		"libdnf (CentOS Linux 8; generic; Linux.x86_64)":                      "dnf centos-8 x86_64",
		"libdnf (Red Hat Enterprise Linux 8.9; generic; Linux.x86_64)":        "dnf rhel-8 x86_64",
		"libdnf (Red Hat Enterprise Linux Server 8.7; generic; Linux.x86_64)": "dnf rhel-8 x86_64",
		"libdnf (Debian GNU/Linux 12; generic; Linux.x86_64)":                 "dnf debian x86_64",
		"libdnf (Fedora 4711; generic; Linux.sparc)":                          "dnf fedora other",
		"libdnf (Hannah Montana Linux 1; generic; Linux.x86_64)":              "dnf other x86_64",
		"libdnf":        "dnf none none",
		"libdnf/0.48.0": "dnf none none",
		"libdnf (":      "dnf none none",
		"dnf/4.20.0 (openEuler 24.03; generic; Linux.x86_64)":                         "dnf openeuler x86_64",
		"urlgrabber/3.9.1 yum/3.2.29":                                                 "yum none none",
		"urlgrabber/3.10 reposync/1.1.31":                                             "reposync none none",
		"ZYpp 17.25.7 (curl 7.88.1)":                                                  "zypper none none",
		"pulpcore/3.21.6 (cpython 3.9.16-final0, Linux x86_64) (aiohttp 3.8.1)":       "pulp none none",
		"mirrormanager-crawler/0.1 (+https://github.com/fedora-infra/mirrormanager2)": "crawler none none",
		"Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0":      "browser none none",
		"Mozilla/5.0 (compatible; DotBot/1.2; +https://opensiteexplorer.org/dotbot)":  "bot none none",
		"curl/7.88.1": "other none none", "Wget/1.19.5 (linux-gnu)": "other none none",
	} {
		if got := label(ua); got != want {
			t.Errorf("%q: %s, want %s", ua, got, want)
		}
	}
}

func TestAgentSetsAreClosed(t *testing.T) {
	if n := len(web.Systems()); n > 120 {
		t.Errorf("%d systems: each costs series", n)
	}
	seen := map[string]bool{}
	for _, s := range web.Systems() {
		if seen[s] {
			t.Errorf("%s twice", s)
		}
		seen[s] = true
	}
}

func TestAgentsOfARealLog(t *testing.T) {
	f, err := os.Open("../../../shared/data/openhpc-access-log/access_log")
	if err != nil {
		t.Skip("SKIP: openhpc-access-log missing")
	}
	defer f.Close()
	got := map[string]int{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		fields := strings.Split(lines.Text(), `"`)
		if len(fields) > 5 { // three lines are cut short
			got[strings.Fields(label(fields[5]))[0]]++
		}
	}
	// counted with sort and uniq -c
	for client, want := range map[string]int{"dnf": 205, "bot": 70, "pulp": 6, "other": 12} {
		if got[client] != want {
			t.Errorf("%s: %d, want %d (%v)", client, got[client], want, got)
		}
	}
}

func FuzzParseAgent(f *testing.F) {
	f.Add("libdnf (Fedora Linux 42; server; Linux.s390x)")
	f.Add("libdnf )(")
	f.Fuzz(func(t *testing.T, ua string) { _ = label(ua) })
}

func BenchmarkParseAgent(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		web.ParseAgent("libdnf (Rocky Linux 9.3; generic; Linux.x86_64)")
	}
}

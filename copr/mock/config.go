package mock

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"mirrorctl/copr"
)

// Target says what a buildroot is made from.
type Target struct {
	// Repositories are asked for its packages; $basearch stands for the architecture.
	Repositories []Repository
	// Packages are installed before a build's own requirements: names or @groups. Default @buildsys-build.
	Packages []string
}

// Repository is one of dnf's.
type Repository struct {
	ID      string
	BaseURL string
	GPGKey  string // file or URL; "" leaves packages unchecked, which fits a mirror of one's own on the same machine
	Hotfix  bool   // module_hotfixes
}

// config is a configuration file of mock's, which is Python. Every value is a literal; mock expands Jinja in them, so none may hold it.
func (t Target) config(task copr.Task, dir string) (string, error) {
	if len(t.Repositories) == 0 {
		return "", fmt.Errorf("no repositories are configured for %s", task.Chroot.Target())
	}
	packages := t.Packages
	if packages == nil {
		packages = []string{"@buildsys-build"}
	}
	var b strings.Builder
	var bad error
	quote := func(s string) string {
		if bad == nil && (strings.Contains(s, "{{") || strings.Contains(s, "{%") || strings.Contains(s, "{#") || strings.ContainsRune(s, 0)) {
			bad = fmt.Errorf("value %q: mock would expand what is in braces", s)
		}
		return strconv.QuoteToASCII(s)
	}
	option := func(value string, keys ...string) {
		b.WriteString("config_opts")
		for _, k := range keys {
			b.WriteString("[" + quote(k) + "]")
		}
		b.WriteString(" = " + value + "\n")
	}
	c := task.Chroot
	option(quote("mirrorctl-"+c.String()), "root")
	option(quote(c.Arch), "target_arch")
	option("("+quote(c.Arch)+",)", "legal_host_arches")
	option(quote(c.Version), "releasever")
	option(quote("install "+strings.Join(packages, " ")), "chroot_setup_cmd")
	option(quote("dnf"), "package_manager")
	option(quote(dir+"/roots"), "basedir")
	option(quote(dir+"/cache"), "cache_topdir")
	option(quote("simple"), "isolation")
	option("False", "use_bootstrap")
	option("False", "rpmbuild_networking")
	option("False", "use_host_resolv")
	option("True", "print_main_output")
	option("True", "cleanup_on_success")
	option("True", "cleanup_on_failure")
	for _, plugin := range []string{"ccache", "hw_info", "root_cache", "yum_cache"} {
		option("False", "plugin_conf", plugin+"_enable") // what outlives a build may change the next
	}
	option("True", "plugin_conf", "package_state_enable") // lists the buildroot
	option(quote("C.UTF-8"), "environment", "LANG")
	if task.Epoch != 0 {
		option(quote(strconv.FormatInt(task.Epoch, 10)), "environment", "SOURCE_DATE_EPOCH")
	}
	macros := map[string]string{
		"use_source_date_epoch_as_buildtime": "1", "clamp_mtime_to_source_date_epoch": "1", "build_mtime_policy": "clamp_to_source_date_epoch",
		"source_date_epoch_from_changelog": "0", "_buildhost": "mirrorctl",
	}
	maps.Copy(macros, task.Profile.Macros)
	for _, name := range slices.Sorted(maps.Keys(macros)) {
		option(quote(macros[name]), "macros", "%"+name)
	}
	dnf, err := t.dnf()
	if err != nil {
		return "", err
	}
	option(quote(dnf), "dnf.conf")
	return b.String(), bad
}

// dnf is dnf's configuration in the buildroot.
func (t Target) dnf() (string, error) {
	var b strings.Builder
	b.WriteString("[main]\nkeepcache=0\ndebuglevel=2\nreposdir=/dev/null\nlogfile=/var/log/dnf.log\nretries=3\nobsoletes=1\ngpgcheck=0\n" +
		"assumeyes=1\nsyslog_ident=mock\nsyslog_device=\ninstall_weak_deps=0\nmetadata_expire=0\nbest=1\nuser_agent=mirrorctl\n")
	for _, r := range t.Repositories {
		for _, s := range []string{r.ID, r.BaseURL, r.GPGKey} {
			if strings.ContainsAny(s, "\n\r[]") || r.ID == "" || r.BaseURL == "" {
				return "", fmt.Errorf("repository %q: want an id and an address, each on one line", r.ID)
			}
		}
		fmt.Fprintf(&b, "\n[%s]\nname=%s\nbaseurl=%s\nenabled=1\n", r.ID, r.ID, r.BaseURL)
		if r.GPGKey != "" {
			fmt.Fprintf(&b, "gpgcheck=1\ngpgkey=%s\n", r.GPGKey)
		}
		if r.Hotfix {
			b.WriteString("module_hotfixes=1\n")
		}
	}
	return b.String(), nil
}

func (t Target) describe(c copr.Chroot) string {
	var from []string
	for _, r := range t.Repositories {
		from = append(from, r.ID)
	}
	return fmt.Sprintf("%s, made by mock from %s", c, strings.Join(from, ", "))
}

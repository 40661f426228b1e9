package gate

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"mirrorctl/copr"
	"mirrorctl/internal/durable"
	"mirrorctl/repomd/index"
)

// repositories are the base URLs that are configured for a chroot, else for its target.
func (g *Gates) repositories(c copr.Chroot) []string {
	of := g.config.Repositories[c.String()]
	if of == nil {
		of = g.config.Repositories[c.Target()]
	}
	var all []string
	for _, u := range of {
		all = append(all, strings.ReplaceAll(u, "$basearch", c.Arch))
	}
	return all
}

// byDNF installs the packages with all that they depend on, from the target's repositories. It fetches first, with a
// network; then it installs, without: that runs scriptlets of what was built.
func (in *installation) byDNF(ctx context.Context, repositories []string) error {
	if _, err := index.Build(ctx, filepath.Join(in.work, "repo"), index.Options{Unsynced: true}); err != nil {
		return fmt.Errorf("index the packages: %w", err)
	}
	dnf, local, err := in.dnf(repositories)
	if err != nil {
		return err
	}

	began := time.Now()
	text, failed, err := in.run(ctx, true, slices.Concat(dnf, []string{"--downloadonly", "install"}, in.specs())...)
	if err != nil {
		return err
	}
	if failed != nil {
		in.add(checkDependencies, began, copr.Fail, because(text, failed, "problem", "nothing provides", "error", "conflicting requests"))
		return nil
	}
	in.add(checkDependencies, began, copr.Pass, fmt.Sprintf("resolved from %d repositories", local))

	began = time.Now()
	text, failed, err = in.run(ctx, false, slices.Concat(dnf, []string{"--cacheonly", "install"}, in.specs())...)
	if err != nil {
		return err
	}
	conflicts := telling(text, "conflicts with file", "conflicts between attempted installs")
	if conflicts != "" {
		in.add(checkConflicts, began, copr.Fail, conflicts)
		return nil
	}
	if failed != nil {
		in.add(checkInstall, began, copr.Fail, because(text, failed, "error", "fail"))
		return nil
	}
	in.add(checkConflicts, began, copr.Pass, "")
	in.add(checkInstall, began, copr.Pass, "by dnf")
	in.installed, in.whole = true, true

	// A scriptlet that failed, as all do of an architecture that this machine cannot run, still ends with 0.
	if bad := telling(text, "scriptlet failed", "error in post", "error in pre", "exec format error", "warning: %"); bad != "" {
		in.add(checkScriptlets, began, copr.Fail, bad)
	} else {
		in.add(checkScriptlets, began, copr.Pass, "")
	}
	return nil
}

// dnf is the command line up to the verb, and how many repositories it names.
func (in *installation) dnf(repositories []string) ([]string, int, error) {
	var conf strings.Builder
	conf.WriteString("[main]\nplugins=0\ngpgcheck=0\nreposdir=/nonexistent\ninstall_weak_deps=0\ntsflags=nodocs\n")
	conf.WriteString("[built]\nname=built\nbaseurl=file:///gate/repo\npriority=1\n")
	for i, u := range repositories {
		parsed, err := url.Parse(u)
		if err != nil || (parsed.Scheme != "http" && parsed.Scheme != "https" && parsed.Scheme != "file") || strings.ContainsAny(u, " \t\r\n") {
			return nil, 0, fmt.Errorf("repository %q: want an http, https or file URL", u)
		}
		if parsed.Scheme == "file" { // a directory of this machine, of which nothing else is seen inside
			seen := fmt.Sprintf("/targets/%d", i)
			in.targets = append(in.targets, "--ro-bind", parsed.Path, seen)
			u = "file://" + seen
		}
		fmt.Fprintf(&conf, "[target%d]\nname=target%d\nbaseurl=%s\n", i, i, u)
	}
	if err := durable.WriteFile(filepath.Join(in.work, "home", "dnf.conf"), []byte(conf.String()), 0o644); err != nil {
		return nil, 0, err
	}
	version, _, _ := strings.Cut(in.task.Chroot.Version, ".")
	return []string{"dnf", "-y", "--noplugins", "--config", "/gate/home/dnf.conf", "--installroot", "/gate/root", "--forcearch", in.task.Chroot.Arch,
		"--releasever", version, "--setopt=cachedir=/gate/home/cache", "--setopt=keepcache=1", "--setopt=logdir=/gate/home/log",
		"--setopt=persistdir=/gate/home/persist"}, len(repositories), nil
}

// specs name exactly the packages that were built.
func (in *installation) specs() []string {
	var all []string
	for _, p := range in.packages {
		all = append(all, p.NEVRA())
	}
	return all
}

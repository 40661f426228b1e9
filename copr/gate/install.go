package gate

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"mirrorctl/copr"
	"mirrorctl/repomd/index"
)

// The checks of gate install.
const (
	checkPackages     = "packages"
	checkDependencies = "dependencies"
	checkConflicts    = "conflicts"
	checkInstall      = "install"
	checkScriptlets   = "scriptlets"
	checkVerify       = "rpm-verify"
	checkScript       = "script"
)

// installCapabilities is what rpm needs to make a root: files of all users, and a changed root for scriptlets.
var installCapabilities = []string{"CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "MKNOD", "SETUID", "SETGID", "SETFCAP", "SYS_CHROOT", "KILL"}

// installation is one run of gate install.
//
//	work/repo/      the packages, and repodata
//	work/root/      what they are installed into
//	work/home/      rpm's macros, dnf's caches
type installation struct {
	gates *Gates
	task  copr.Task
	work  string
	root  string
	log   io.Writer

	targets   []string // arguments of bwrap for the target's repositories that are directories here
	packages  []*index.Package
	files     []string // the packages as they are seen inside
	whole     bool     // the root holds the dependencies, too: a shell, a libc
	installed bool
	report    copr.Report
}

// install installs the packages of dir into a root made for the occasion and looks at what came of it.
func (g *Gates) install(ctx context.Context, t copr.Task, dir, work string, log io.Writer) (*installation, error) {
	in := &installation{
		gates: g, task: t, work: work, root: filepath.Join(work, "root"), log: log,
		report: copr.Report{Gate: NameInstall, Runner: RunnerRoot, Arch: t.Chroot.Arch, Host: kernelName()},
	}
	for _, sub := range []string{"repo", "root", "home", "home/log"} {
		if err := os.Mkdir(filepath.Join(work, sub), 0o755); err != nil {
			return nil, err
		}
	}
	// Debian's rpm keeps its database elsewhere, and no signature is there to be checked yet.
	macros := "%_dbpath /var/lib/rpm\n%_pkgverify_level none\n"
	if err := os.WriteFile(filepath.Join(work, "home", ".rpmmacros"), []byte(macros), 0o644); err != nil {
		return nil, err
	}
	if ok, err := in.collect(dir); !ok || err != nil {
		return in, err
	}
	repositories := g.repositories(t.Chroot)
	var err error
	if len(repositories) > 0 {
		err = in.byDNF(ctx, repositories)
	} else {
		err = in.byRPM(ctx)
	}
	if err != nil || !in.installed {
		return in, err
	}
	if err := in.verify(ctx); err != nil {
		return in, err
	}
	if t.Script != "" {
		return in, in.script(ctx)
	}
	return in, nil
}

// collect copies the binary packages of dir into the repository and reads them. It reports whether there is anything to
// install.
func (in *installation) collect(dir string) (bool, error) {
	began := time.Now()
	files, err := os.ReadDir(dir)
	if err != nil {
		return false, err
	}
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".rpm") || strings.HasSuffix(f.Name(), ".src.rpm") {
			continue
		}
		p, err := copyPackage(filepath.Join(dir, f.Name()), filepath.Join(in.work, "repo", f.Name()))
		if err != nil {
			in.add(checkPackages, began, copr.Fail, fmt.Sprintf("%s: %v", f.Name(), err))
			return false, nil
		}
		if p.Arch != in.task.Chroot.Arch && p.Arch != "noarch" {
			in.add(checkPackages, began, copr.Fail, fmt.Sprintf("%s is of %s", f.Name(), p.Arch))
			return false, nil
		}
		in.packages = append(in.packages, p)
		in.files = append(in.files, "/gate/repo/"+f.Name())
	}
	if len(in.packages) == 0 {
		in.add(checkPackages, began, copr.Fail, "no binary package was built")
		return false, nil
	}
	in.add(checkPackages, began, copr.Pass, fmt.Sprintf("%d packages", len(in.packages)))
	return true, nil
}

// copyPackage copies a package, which must be a file, and reads its header.
func copyPackage(from, to string) (*index.Package, error) {
	info, err := os.Lstat(from)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("not a file")
	}
	src, err := os.Open(from)
	if err != nil {
		return nil, err
	}
	defer src.Close()
	p, err := index.ReadPackage(src, info.Size())
	if err != nil {
		return nil, err
	}
	dst, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	if _, err := io.Copy(dst, src); err != nil {
		dst.Close()
		return nil, err
	}
	return p, dst.Close()
}

func (in *installation) add(name string, began time.Time, v copr.Verdict, reason string) {
	in.report.Checks = append(in.report.Checks, copr.Check{
		Name: name, Verdict: v, Reason: printable(reason), Took: time.Since(began).Round(time.Millisecond)})
}

// run runs a program on the root, and nothing else that can be written. What it printed is returned, and logged. The
// error is only for a gate that cannot work: failed says how the program ended.
func (in *installation) run(ctx context.Context, network bool, command ...string) (text string, failed error, err error) {
	var out bytes.Buffer
	failed = jail{
		binds: slices.Concat(tools(), []string{
			"--bind", in.work, "/gate", // root, home, and the repository
			"--ro-bind", filepath.Join(in.work, "repo"), "/gate/repo"}, in.targets),
		capabilities: installCapabilities,
		environment:  map[string]string{"HOME": "/gate/home"},
		network:      network,
	}.run(ctx, &capped{io.MultiWriter(in.log, &out), maxOutput}, command...)
	return out.String(), failed, ctx.Err()
}

// because says in one line why a program failed: the lines that hold one of the words, else the last one.
func because(text string, failed error, words ...string) string {
	text = strings.TrimSpace(text)
	picked := telling(text, words...)
	if picked == "" {
		picked = text[strings.LastIndexByte(text, '\n')+1:]
	}
	return fmt.Sprintf("%v: %s", failed, picked)
}

// telling picks the lines that say why out of what a program printed, for a reason of one line.
func telling(text string, words ...string) string {
	var picked []string
	for line := range strings.Lines(text) {
		for _, w := range words {
			if strings.Contains(strings.ToLower(line), w) {
				picked = append(picked, strings.TrimSpace(line))
				break
			}
		}
	}
	if len(picked) > 5 {
		picked = append(picked[:5], fmt.Sprintf("and %d more", len(picked)-5))
	}
	return strings.Join(picked, "; ")
}

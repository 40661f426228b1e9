package main

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"mirrorctl/copr"
	"mirrorctl/copr/console"
	"mirrorctl/internal/forge"
)

func (a *app) coprCommand() *cobra.Command {
	return group(&cobra.Command{
		Use: "copr", Short: "Rebuild packages for many releases and architectures, and publish them",
		Long: `copr speaks to the hub in a running service: it submits builds, shows how they go, and moves
packages from testing to stable. Projects are declared in the files of copr.projects.`,
	},
		a.coprProjectCommand(), a.coprPackageCommand(), a.coprChrootCommand(),
		a.coprBuildCommand(), a.coprBuildsCommand(), a.coprWatchCommand(), a.coprShowCommand(), a.coprLogsCommand(),
		a.coprCancelCommand(), a.coprRetryCommand(), a.coprPromoteCommand(),
		a.coprBuilderCommand(), a.coprTokenCommand(), a.coprKeyCommand(), a.coprSignerCommand(),
	)
}

// hub is the client of the running hub.
func (a *app) hub() (*console.Client, error) {
	cfg, err := a.config()
	if err != nil {
		return nil, err
	}
	if cfg.Copr.Projects == "" {
		return nil, usagef("%s: copr.projects is missing: this site has no hub", cfg.File)
	}
	return console.Dial(forge.Console(cfg.State)), nil
}

// explainHub says what to do where no hub answers, and which command lists what the hub does not know.
func explainHub(err error, list string) error {
	switch {
	case errors.Is(err, console.ErrNoHub):
		return hinted{err, "start it with `mirrorctl serve`"}
	case errors.Is(err, fs.ErrNotExist):
		return unknown(list, "%w", err)
	}
	return err
}

// unknown is an error of something that nobody knows, and the command that lists what there is.
func unknown(list, format string, args ...any) error {
	return hinted{unknownError{fmt.Errorf(format, args...)}, "see `mirrorctl copr " + list + "`"}
}

type unknownError struct{ error }

func (e unknownError) Unwrap() error { return e.error }

// buildArgument reads the number of a build.
func buildArgument(text string) (uint64, error) {
	id, err := strconv.ParseUint(strings.TrimPrefix(text, "#"), 10, 64)
	if err != nil || id == 0 {
		return 0, usagef("build %q: want its number", text)
	}
	return id, nil
}

// hubBuild is the client of the running hub, and the number of a build.
func (a *app) hubBuild(text string) (*console.Client, uint64, error) {
	h, err := a.hub()
	if err != nil {
		return nil, 0, err
	}
	id, err := buildArgument(text)
	return h, id, err
}

// chrootArguments reads chroots; "*" as the architecture stands for all of them.
func chrootArguments(names []string) ([]copr.Chroot, error) {
	all, err := copr.ExpandChroots(names)
	if err != nil {
		return nil, usageError{err}
	}
	return all, nil
}

// findPackage reads [OWNER/PROJECT/]PACKAGE: the project may be left out where one alone has such a package.
func findPackage(projects []copr.Project, text string) (copr.ProjectName, string, error) {
	if i := strings.LastIndexByte(text, '/'); i >= 0 {
		name, err := copr.ParseProjectName(text[:i])
		if err != nil {
			return copr.ProjectName{}, "", usageError{err}
		}
		p := slices.IndexFunc(projects, func(p copr.Project) bool { return p.Name == name })
		if p < 0 {
			return name, "", unknown("project list", "unknown project %q", name.String())
		}
		if !has(projects[p], text[i+1:]) {
			return name, "", unknown("package list", "unknown package %q of %s", text[i+1:], name)
		}
		return name, text[i+1:], nil
	}
	var in []string
	var found copr.ProjectName
	for _, p := range projects {
		if has(p, text) {
			in, found = append(in, p.Name.String()), p.Name
		}
	}
	switch len(in) {
	case 1:
		return found, text, nil
	case 0:
		return found, "", unknown("package list", "unknown package %q: no project has it", text)
	}
	return found, "", usagef("package %q is in %s: name one, as %s/%s", text, strings.Join(in, " and "), in[0], text)
}

// has reports whether a project has a package.
func has(p copr.Project, name string) bool {
	return slices.ContainsFunc(p.Packages, func(k copr.Package) bool { return k.Name == name })
}

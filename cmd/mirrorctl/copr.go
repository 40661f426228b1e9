package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"mirrorctl/copr"
	"mirrorctl/copr/console"
	"mirrorctl/internal/config"
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

// hubDir is where the hub keeps what is its own.
func hubDir(cfg *config.Config) string { return filepath.Join(cfg.State, "copr") }

// consoleSocket is where a hub answers operators.
func consoleSocket(cfg *config.Config) string { return filepath.Join(hubDir(cfg), "console.sock") }

// hub is the client of the running hub.
func (a *app) hub() (*console.Client, error) {
	cfg, err := a.config()
	if err != nil {
		return nil, err
	}
	if cfg.Copr.Projects == "" {
		return nil, usagef("%s: copr.projects is missing: this site has no hub", cfg.File)
	}
	return console.Dial(consoleSocket(cfg)), nil
}

// explainHub says what to do where no hub answers.
func explainHub(err error) error {
	if errors.Is(err, console.ErrNoHub) {
		return hinted{err, "start it with `mirrorctl serve`"}
	}
	return err
}

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
		return name, text[i+1:], nil
	}
	var has []string
	var found copr.ProjectName
	for _, p := range projects {
		if slices.ContainsFunc(p.Packages, func(k copr.Package) bool { return k.Name == text }) {
			has, found = append(has, p.Name.String()), p.Name
		}
	}
	switch len(has) {
	case 1:
		return found, text, nil
	case 0:
		return found, "", hinted{fmt.Errorf("unknown package %q: %w", text, errNoPackage), "see `mirrorctl copr package list`"}
	}
	return found, "", usagef("package %q is in %s: name one, as %s/%s", text, strings.Join(has, " and "), has[0], text)
}

// errNoPackage says that no project has a package of that name.
var errNoPackage = errors.New("no project has it")

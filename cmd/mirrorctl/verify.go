package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"mirrorctl/internal/config"
	"mirrorctl/internal/site"
	"mirrorctl/mirror"
	"mirrorctl/repomd"
)

func (a *app) verifyCommand() *cobra.Command {
	o := archiveOptions{grace: -1}
	metadataOnly := false
	c := &cobra.Command{
		Use: "verify [PATH|RELEASE]", Short: "Hold metadata and packages against their checksums, in the root or the archive",
		Long: `verify reads every repository below a path or of a release, or all of them: repomd.xml, each file that
it lists, each package that those list. An archived release that is named is also read back byte for
byte against its manifest. It changes no tree; exit code 3 says that something differs.`,
		Example: `  mirrorctl verify fedora-25
  mirrorctl verify free/el/updates/9/x86_64
  mirrorctl verify --metadata-only`,
		Args:              arguments(0, 1),
		ValidArgsFunction: a.completeReleases,
		RunE: func(c *cobra.Command, names []string) error {
			what := ""
			if len(names) == 1 {
				what = names[0]
			}
			return a.verify(c.Context(), o, what, !metadataOnly)
		},
	}
	c.Flags().BoolVar(&metadataOnly, "metadata-only", false, "leave the packages out, and the manifest")
	progressFlag(c, &o.progress)
	return c
}

// verified is one repository and what is wrong with it.
type verified struct {
	Tree     string           `json:"tree"` // root or archive
	Dir      mirror.Path      `json:"dir"`
	Files    int              `json:"files"`
	Bytes    int64            `json:"bytes"`
	Packages int              `json:"packages"`
	Problems []repomd.Problem `json:"problems,omitempty"`
}

func (a *app) verify(ctx context.Context, o archiveOptions, what string, packages bool) error {
	cfg, err := a.config()
	if err != nil {
		return err
	}
	view, err := site.Look(ctx, cfg)
	if err != nil {
		return explainMissing(cfg, err)
	}
	chosen, release, err := selection(cfg, view, what)
	if err != nil {
		return err
	}
	var found struct {
		Repositories []verified `json:"repositories"`
		Archive      *proven    `json:"archive,omitempty"`
	}
	if found.Repositories, err = verifyRepositories(ctx, cfg, view, chosen, packages); err != nil {
		return err
	}
	differs := false
	t := &table{columns: []string{"tree", "repository", "files", "packages", "size", "verdict"}}
	for _, v := range found.Repositories {
		verdict := "good"
		if n := len(v.Problems); n > 0 {
			verdict, differs = count(int64(n), "problem"), true
		}
		t.add(v.Tree, string(v.Dir), strconv.Itoa(v.Files), strconv.Itoa(v.Packages), a.out.size(v.Bytes), verdict)
	}
	if a.out.format == "table" { // before the long part begins
		if err := a.out.printTable(a.stdout, t); err != nil {
			return err
		}
	}
	for _, v := range found.Repositories {
		for _, p := range v.Problems {
			a.say("%s: %s", v.Dir, p)
		}
	}
	if packages && view.State(release).FromArchive() {
		if found.Archive, err = a.readBack(ctx, o, release); err != nil {
			return err
		}
		differs = differs || len(found.Archive.Problems) > 0
	}
	if a.out.format != "table" {
		if err := a.out.print(a.stdout, found, nil); err != nil {
			return err
		}
	}
	if differs {
		return errDiffers
	}
	return nil
}

// selection is which repositories a word means: a release's, those below a path of the root or the archive, or all.
func selection(cfg *config.Config, view *site.View, what string) (chosen []mirror.Repository, r mirror.Release, err error) {
	pick := func(mirror.Repository) bool { return true }
	if release, err := mirror.ParseRelease(what); err == nil {
		if _, err := view.Release(release); err == nil {
			r = release
			pick = func(repo mirror.Repository) bool { return repo.Release == r }
		}
	}
	if what != "" && r.IsZero() {
		p, err := pathIn(what, cfg.Root, cfg.Archive.Store)
		if err != nil {
			return nil, r, usageError{err}
		}
		pick = func(repo mirror.Repository) bool { return repo.Dir.Under(p) }
	}
	for _, repo := range view.Repositories() {
		if pick(repo) {
			chosen = append(chosen, repo)
		}
	}
	if len(chosen) == 0 && r.IsZero() {
		return nil, r, fmt.Errorf("%s: %w", quote(what), errNoRepository)
	}
	slices.SortFunc(chosen, func(a, b mirror.Repository) int { return compare(a.Dir, b.Dir) })
	return chosen, r, nil
}

func verifyRepositories(ctx context.Context, cfg *config.Config, view *site.View, chosen []mirror.Repository, packages bool) (_ []verified, err error) {
	trees := map[string]*os.Root{}
	defer func() {
		for _, t := range trees {
			t.Close()
		}
	}()
	all := []verified{}
	for _, repo := range chosen {
		v, dir := verified{Tree: "root", Dir: repo.Dir}, cfg.Root
		if view.State(repo.Release).FromArchive() {
			v.Tree, dir = "archive", cfg.Archive.Store
		}
		if trees[v.Tree] == nil {
			if trees[v.Tree], err = os.OpenRoot(dir); err != nil {
				delete(trees, v.Tree)
				return nil, explainMissing(cfg, fmt.Errorf("open the %s: %w", v.Tree, err))
			}
		}
		report, err := repomd.Verify(ctx, trees[v.Tree].FS(), repo.Dir.FS(), repomd.VerifyOptions{Packages: packages})
		if err != nil {
			return nil, fmt.Errorf("verify %s: %w", repo.Dir, err)
		}
		v.Files, v.Bytes, v.Packages, v.Problems = report.Files, report.Bytes, report.Packages, report.Problems
		all = append(all, v)
	}
	return all, nil
}

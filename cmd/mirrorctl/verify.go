package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"mirrorctl/archive"
	"mirrorctl/internal/config"
	"mirrorctl/internal/site"
	"mirrorctl/mirror"
	"mirrorctl/repomd"
)

func (a *app) verifyCommand() *cobra.Command {
	o := archiveOptions{progress: "auto"}
	metadataOnly := false
	c := &cobra.Command{
		Use: "verify [PATH|RELEASE]", Short: "Hold metadata and packages against their checksums, in the root or the archive",
		Long: `verify reads every repository below a path or of a release: repomd.xml, each file that it lists, each
package that those list. An archived release is also read back byte for byte against its manifest.
It changes nothing; exit code 3 says that something differs.`,
		Args: args(cobra.MaximumNArgs(1)),
		RunE: func(c *cobra.Command, names []string) error {
			what := ""
			if len(names) == 1 {
				what = names[0]
			}
			return a.verify(c.Context(), o, what, !metadataOnly)
		},
	}
	c.Flags().BoolVar(&metadataOnly, "metadata-only", false, "leave the packages out")
	c.Flags().StringVar(&o.progress, "progress", "auto", "auto, plain, json or none")
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
	pick, release, err := selection(cfg, view, what)
	if err != nil {
		return err
	}
	all, err := verifyRepositories(ctx, cfg, view, pick, packages)
	if err != nil {
		return err
	}
	if len(all) == 0 && release == nil {
		return fmt.Errorf("%s: no repository there: %w", what, site.ErrUnknownRelease)
	}
	t := &table{columns: []string{"tree", "repository", "files", "packages", "size", "verdict"}}
	differs := false
	for _, v := range all {
		verdict := "good"
		if len(v.Problems) > 0 {
			verdict, differs = strconv.Itoa(len(v.Problems))+" problems", true
		}
		t.add(v.Tree, string(v.Dir), strconv.Itoa(v.Files), strconv.Itoa(v.Packages), a.out.size(v.Bytes), verdict)
	}
	if err := a.out.print(a.stdout, all, t); err != nil {
		return err
	}
	for _, v := range all {
		for _, p := range v.Problems {
			a.say("%s: %s", v.Dir, p)
		}
	}
	if release != nil && view.State(*release).FromArchive() {
		d, err := a.openDesk(ctx, o)
		if err != nil {
			return err
		}
		defer d.Close()
		if err := a.verifyArchived(ctx, d, o, *release); errors.Is(err, archive.ErrUnverified) {
			a.say("%v", err)
			differs = true
		} else if err != nil {
			return err
		}
	}
	if differs {
		return errDiffers
	}
	return nil
}

// selection is which repositories a word means: a release's, those below a path, or all.
func selection(cfg *config.Config, view *site.View, what string) (pick func(mirror.Repository) bool, r *mirror.Release, err error) {
	if what == "" {
		return func(mirror.Repository) bool { return true }, nil, nil
	}
	if release, err := mirror.ParseRelease(what); err == nil {
		if _, err := view.Release(release); err == nil {
			return func(repo mirror.Repository) bool { return repo.Release == release }, &release, nil
		}
	}
	p, err := pathIn(cfg.Root, what)
	if err != nil {
		return nil, nil, usageError{err}
	}
	return func(repo mirror.Repository) bool { return repo.Dir.Under(p) }, nil, nil
}

func verifyRepositories(ctx context.Context, cfg *config.Config, view *site.View, pick func(mirror.Repository) bool, packages bool) ([]verified, error) {
	root, err := os.OpenRoot(cfg.Root)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	store := root
	if cfg.Archive.Store != "" {
		if opened, err := os.OpenRoot(cfg.Archive.Store); err == nil {
			defer opened.Close()
			store = opened
		}
	}
	var all []verified
	for _, repo := range view.Repositories() {
		if !pick(repo) {
			continue
		}
		v, from := verified{Tree: "root", Dir: repo.Dir}, root
		if view.State(repo.Release).FromArchive() {
			v.Tree, from = "archive", store
		}
		report, err := repomd.Verify(ctx, from.FS(), repo.Dir.FS(), repomd.VerifyOptions{Packages: packages})
		if err != nil {
			return nil, fmt.Errorf("verify %s: %w", repo.Dir, err)
		}
		v.Files, v.Bytes, v.Packages, v.Problems = report.Files, report.Bytes, report.Packages, report.Problems
		all = append(all, v)
	}
	slices.SortFunc(all, func(a, b verified) int { return compare(a.Dir, b.Dir) })
	return all, nil
}

// verifyArchived reads a release back and holds it against its manifest.
func (a *app) verifyArchived(ctx context.Context, d *desk, o archiveOptions, r mirror.Release) error {
	stop := a.showProgress(d.progress, o.progress)
	proof, err := d.archiver.Verify(ctx, r)
	stop()
	if err != nil {
		return err
	}
	a.say("%s: the archive holds all %d files, %s, read back and equal to manifest %s", r, proof.Files(), a.out.size(proof.Bytes()), proof.Manifest())
	return nil
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"mirrorctl/internal/demo"
	"mirrorctl/internal/site"
)

func (a *app) demoCommand() *cobra.Command {
	var noServe, tour bool
	var public string
	c := &cobra.Command{
		Use: "demo [DIR]", Short: "Make a small realistic site with real packages, and serve it", Args: arguments(0, 1),
		Long: `demo makes a site in the manner of RPM Fusion, with real packages and metadata: active releases
and some that are end-of-life. It serves the site and prints three things to try. DIR is ./demo
unless given; a demo that is there already is served as it is. It needs a few seconds and 50 MB.`,
		RunE: func(c *cobra.Command, dirs []string) error {
			dir := "demo"
			if len(dirs) == 1 {
				dir = dirs[0]
			}
			if public == "" {
				public = a.getenv("MIRRORCTL_PUBLIC_URL")
			}
			a.say("%s: making packages and metadata, unless they are there", dir)
			s, err := demo.Make(c.Context(), dir, demo.Options{PublicURL: public})
			if err != nil {
				return err
			}
			a.say("%s: %d repositories, %d packages, %d files, %s", s.Dir, s.Repositories, s.Packages, s.Files, a.out.size(s.Bytes))
			if noServe {
				return nil
			}
			a.configFile = s.Config
			return a.serveDemo(c.Context(), s, tour)
		},
	}
	f := c.Flags()
	f.BoolVar(&noServe, "no-serve", false, "make the site and end")
	f.BoolVar(&tour, "tour", false, "archive fedora-25 while it is served, and show what clients see")
	f.StringVar(&public, "public-url", "", "`URL` that clients call the server by; its port is what it listens on (default $MIRRORCTL_PUBLIC_URL, then http://127.0.0.1:8080/)")
	return c
}

// serveDemo serves the site until it is stopped. The tour goes on beside it.
func (a *app) serveDemo(ctx context.Context, s *demo.Site, tour bool) error {
	all, ctx := errgroup.WithContext(ctx)
	all.Go(func() error {
		if err := a.serve(ctx, serveOptions{level: "warn"}); err != nil {
			return err
		}
		return context.Cause(ctx) // stopped from outside: the tour ends, too
	})
	all.Go(func() error {
		g := &guide{app: a, site: s}
		if err := g.ready(ctx); err != nil {
			return err
		}
		if tour {
			if err := g.tour(ctx); err != nil {
				return fmt.Errorf("tour: %w", err)
			}
		}
		return g.suggest(ctx)
	})
	err := all.Wait()
	var sig signalError
	if errors.As(err, &sig) {
		return nil // Ctrl-C is how a demo ends
	}
	return err
}

// ready waits until the site answers.
func (g *guide) ready(ctx context.Context) error {
	for end := time.Now().Add(30 * time.Second); ; {
		res, err := g.get(ctx, g.site.PublicURL+"readyz")
		if err == nil {
			io.Copy(io.Discard, res.Body)
			res.Body.Close()
			if res.StatusCode == 200 {
				return nil
			}
		}
		if time.Now().After(end) {
			return fmt.Errorf("%s does not answer: %w", g.site.PublicURL, err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// suggest prints what to try, as the site stands now.
func (g *guide) suggest(ctx context.Context) error {
	cfg, err := g.config()
	if err != nil {
		return err
	}
	view, err := site.Look(ctx, cfg)
	if err != nil {
		return err
	}
	out := g.app.stdout
	fmt.Fprintf(out, "\nServing %s; Ctrl-C ends it. Three things to try in another terminal:\n", g.site.PublicURL)
	for i, t := range g.site.Trips(g.program(), view.State(toured).FromArchive()) {
		fmt.Fprintf(out, "\n%d. %s\n   %s\n", i+1, t.Title, t.Why)
		for _, c := range t.Commands {
			fmt.Fprintf(out, "     %s\n", c)
		}
	}
	fmt.Fprintf(out, "\nFor people: %sstatus\n", g.site.PublicURL)
	if cfg.AdminListen != "" {
		metrics := url.URL{Scheme: "http", Host: localAddr(cfg.AdminListen), Path: "/metrics"}
		fmt.Fprintf(out, "Metrics:    %s\n", metrics.String())
	}
	return nil
}

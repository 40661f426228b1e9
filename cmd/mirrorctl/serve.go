package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"mirrorctl/internal/config"
	"mirrorctl/internal/web"
)

// serveOptions override the configuration for one run.
type serveOptions struct {
	root, listen, admin, public string
	takeover                    bool
	level                       string
}

func (a *app) serveCommand() *cobra.Command {
	var o serveOptions
	c := &cobra.Command{
		Use: "serve [ROOT]", Short: "Run the service", Args: arguments(0, 1),
		Long: `serve answers clients: files and verified metadata from the root, redirects and lists for
archived releases, the archive itself where this server holds it.

SIGHUP reads the configuration again and takes it, or keeps the old one. SIGTERM drains: requests
that are under way or on their way are answered. Listeners of systemd are taken over.`,
		RunE: func(c *cobra.Command, roots []string) error {
			if len(roots) == 1 {
				o.root = roots[0]
			}
			return a.serve(c.Context(), o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.listen, "listen", "", "public address, instead of the configuration's")
	f.StringVar(&o.admin, "admin-listen", "", "address of /metrics and /debug/pprof, instead of the configuration's")
	f.StringVar(&o.public, "public-url", "", "what clients call this server, instead of the configuration's")
	f.BoolVar(&o.takeover, "takeover", false, "take the listeners of the running service over, which is then to be stopped: no request is lost")
	f.StringVar(&o.level, "log-level", "info", "debug, info, warn or error")
	return c
}

// serveConfig is the configuration with the overrides; without a file, ROOT alone is enough.
func (a *app) serveConfig(o serveOptions) (*config.Config, error) {
	cfg, err := a.config()
	if errors.Is(err, config.ErrNone) && o.root != "" {
		cfg, err = config.Default(), nil
	}
	if err != nil {
		return nil, err
	}
	return cfg, cfg.Override(o.root, o.listen, o.admin, o.public)
}

func (a *app) logger(level string) (*slog.Logger, error) {
	var l slog.LevelVar
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, usagef("--log-level %q: want debug, info, warn or error", level)
	}
	if a.terminal {
		return slog.New(slog.NewTextHandler(a.stderr, &slog.HandlerOptions{Level: &l})), nil
	}
	return slog.New(slog.NewJSONHandler(a.stderr, &slog.HandlerOptions{Level: &l})), nil
}

// serve runs the service until ctx ends.
func (a *app) serve(ctx context.Context, o serveOptions) (err error) {
	// From the first moment on, for without this a SIGHUP ends the process.
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	cfg, err := a.serveConfig(o)
	if err != nil {
		return usageError{err}
	}
	log, err := a.logger(o.level)
	if err != nil {
		return err
	}
	s, err := openService(ctx, cfg, o.takeover, log)
	if err != nil {
		return explainMissing(cfg, err)
	}
	defer func() { err = errors.Join(err, s.close()) }()
	defer ballast()()
	return s.run(ctx, hup, func() (*config.Config, error) { return a.serveConfig(o) })
}

func openAccessLog(cfg *config.Config, log *slog.Logger) (*web.AccessLog, error) {
	format := web.Combined
	if cfg.AccessLog.Format == "json" {
		format = web.JSON
	}
	switch cfg.AccessLog.File {
	case "":
		return nil, nil
	case "-":
		return web.NewAccessLog(os.Stdout, format, log), nil
	}
	return web.OpenAccessLog(cfg.AccessLog.File, format, log)
}

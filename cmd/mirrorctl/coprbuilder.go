package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"mirrorctl/copr/dock"
	"mirrorctl/copr/queue"
	"mirrorctl/internal/config"
	"mirrorctl/internal/forge"
)

// builderOptions say which hub a builder works for.
type builderOptions struct {
	hub, connect, name, tokenFile string
	level                         string
}

func (a *app) coprBuilderCommand() *cobra.Command {
	var o builderOptions
	run := &cobra.Command{
		Use: "builder", Short: "Build for a hub on another machine", Args: subcommand,
		Long: `builder takes tasks from a hub, builds them here, proves the result, and delivers it. It opens
connections to the hub alone, and listens nowhere. What it builds with is in the copr section of the
configuration of this machine: builder, builders, arches, buildroots, vm.`,
		Example: `  mirrorctl copr builder --hub https://hub.example.org/ --connect nats://hub.example.org:4222 --name arm1 --token-file /etc/mirrorctl/token`,
		RunE:    func(c *cobra.Command, _ []string) error { return a.runBuilder(c, o) },
	}
	f := run.Flags()
	f.StringVar(&o.hub, "hub", "", "`URL` of the hub's service")
	f.StringVar(&o.connect, "connect", "", "`URL` of the hub's queue: its copr.listen")
	f.StringVar(&o.name, "name", "", "this builder's name, as `mirrorctl copr builder add` was told (default: this host's)")
	f.StringVar(&o.tokenFile, "token-file", "", "`FILE` that holds its token")
	f.StringVar(&o.level, "log-level", "info", "debug, info, warn or error")

	list := &cobra.Command{
		Use: "list", Short: "List builders and what they are at", Args: arguments(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			h, err := a.hub()
			if err != nil {
				return err
			}
			all, err := h.Builders(c.Context())
			if err != nil {
				return explainHub(err, "builder list")
			}
			t := &table{columns: []string{"builder", "arches", "tasks"}}
			for _, b := range all {
				t.add(b.Name, strings.Join(b.Arches, ","), strings.Join(b.Tasks, " "))
			}
			return a.out.print(a.stdout, all, t)
		},
	}
	add := &cobra.Command{
		Use: "add NAME ARCH...", Short: "Let a builder of that name build for these architectures; prints its token, once", Args: arguments(2, -1),
		RunE: func(c *cobra.Command, args []string) error {
			keys, err := a.builderKeys()
			if err != nil {
				return err
			}
			token, err := keys.Add(args[0], args[1:])
			if err != nil {
				return usageError{err}
			}
			fmt.Fprintln(a.stdout, token)
			a.say("%s may build for %s; the token is kept nowhere here", args[0], strings.Join(args[1:], ", "))
			return nil
		},
	}
	remove := &cobra.Command{
		Use: "remove NAME", Short: "Take a builder's right away", Args: arguments(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			keys, err := a.builderKeys()
			if err != nil {
				return err
			}
			return keys.Remove(args[0])
		},
	}
	run.AddCommand(list, add, remove)
	return run
}

func (a *app) builderKeys() (*dock.Keys, error) {
	cfg, err := a.config()
	if err != nil {
		return nil, err
	}
	return dock.OpenKeys(forge.Builders(cfg))
}

// runBuilder builds for the hub until it is told to stop.
func (a *app) runBuilder(c *cobra.Command, o builderOptions) error {
	switch {
	case o.hub == "" || o.connect == "":
		return usagef("builder: want --hub and --connect; see `%s --help`", c.CommandPath())
	case o.tokenFile == "":
		return usagef("builder: want --token-file: a token on the command line can be read by every user")
	}
	cfg, err := a.config()
	if err != nil {
		return err
	}
	return a.build(c, cfg, o)
}

func (a *app) build(c *cobra.Command, cfg *config.Config, o builderOptions) error {
	raw, err := os.ReadFile(o.tokenFile)
	if err != nil {
		return usageError{fmt.Errorf("read the token: %w", err)}
	}
	token := strings.TrimSpace(string(raw))
	if o.name == "" {
		if o.name, err = os.Hostname(); err != nil {
			return err
		}
	}
	log, err := a.logger(o.level)
	if err != nil {
		return err
	}
	crew, err := forge.NewCrew(cfg, o.name, log)
	if err != nil {
		return err
	}
	hub := &dock.Client{URL: strings.TrimSuffix(o.hub, "/"), Name: o.name, Token: token}
	if err := greet(c.Context(), hub, crew.Arches); err != nil {
		return fmt.Errorf("builder %s: %w", o.name, err)
	}
	tasks, err := queue.Dial(c.Context(), queue.DialConfig{URL: o.connect, Name: o.name, Token: token, Arches: crew.Arches, Log: log})
	if err != nil {
		return err
	}
	defer tasks.Close()
	log.Info("building", "name", o.name, "arches", crew.Arches, "hub", o.hub)
	return crew.Run(c.Context(), tasks, hub, hub)
}

// greet asks the hub whether it knows this builder. The queue would not say: it lets a builder that is yet to be added wait.
func greet(ctx context.Context, hub *dock.Client, arches []string) error {
	may, err := hub.Hello(ctx)
	if errors.Is(err, dock.ErrUnknown) {
		return usageError{dock.ErrUnknown}
	} else if err != nil {
		return err
	}
	for _, arch := range arches {
		if !slices.Contains(may, arch) {
			return usagef("the hub lets it build for %s, and its configuration says %s; see copr.arches", strings.Join(may, ", "), strings.Join(arches, ", "))
		}
	}
	return nil
}

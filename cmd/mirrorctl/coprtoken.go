package main

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mirrorctl/copr"
	"mirrorctl/copr/frontend"
	"mirrorctl/copr/token"
	"mirrorctl/internal/config"
	"mirrorctl/internal/durable"
	"mirrorctl/internal/forge"
)

// tokenOptions say what a token is good for.
type tokenOptions struct {
	webhook string // github, custom
	expires string
}

func (a *app) coprTokenCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "token", Short: "Let others submit builds over HTTP", Args: subcommand,
		Long: `token keeps who may submit and cancel builds at /api_3, as copr-cli does, and which webhooks are good.
Only the SHA-256 of a secret is kept: it is printed once. A running service sees changes at once.`,
	}
	var o tokenOptions
	issue := &cobra.Command{
		Use: "issue NAME PROJECT...", Short: "Make a token; prints what copr-cli reads as ~/.config/copr, or the webhook's URL", Args: arguments(2, -1),
		Example: `  mirrorctl copr token issue ci adrian/criu >~/.config/copr
  mirrorctl copr token issue --webhook github releases adrian/criu`,
		RunE: func(_ *cobra.Command, args []string) error { return a.issueToken(args[0], args[1:], o) },
	}
	issue.Flags().StringVar(&o.webhook, "webhook", "", "a secret for webhooks of this `KIND`, github or custom: they may begin builds of what is declared, and nothing else")
	issue.Flags().StringVar(&o.expires, "expires", "365d", "how `LONG` it is good")
	list := &cobra.Command{
		Use: "list", Short: "List the tokens", Args: arguments(0, 0),
		RunE: func(*cobra.Command, []string) error {
			_, f, err := a.tokens()
			if err != nil {
				return err
			}
			all, err := f.List()
			if err != nil {
				return err
			}
			t := &table{columns: []string{"login", "name", "scope", "projects", "expires"}}
			for _, k := range all {
				t.add(k.Login, k.Name, strings.Join(k.Scopes, ","), strings.Join(k.Projects, ","), k.Expires.Format(time.DateOnly))
			}
			return a.out.print(a.stdout, all, t)
		},
	}
	revoke := &cobra.Command{
		Use: "revoke LOGIN...", Short: "Take tokens back", Args: arguments(1, -1),
		RunE: func(_ *cobra.Command, args []string) error {
			_, f, err := a.tokens()
			if err != nil {
				return err
			}
			for _, login := range args {
				if err := f.Revoke(login); errors.Is(err, fs.ErrNotExist) {
					return noTokenError(login)
				} else if err != nil {
					return err
				}
			}
			return nil
		},
	}
	c.AddCommand(issue, list, revoke)
	return c
}

// noTokenError names a login that no token has.
type noTokenError string

func (e noTokenError) Error() string {
	return fmt.Sprintf("no token has the login %q; see `mirrorctl copr token list`", string(e))
}

// Is makes it an fs.ErrNotExist.
func (noTokenError) Is(target error) bool { return target == fs.ErrNotExist }

// tokens opens the file of tokens; the hub need not run.
func (a *app) tokens() (*config.Config, *token.File, error) {
	cfg, err := a.config()
	if err != nil {
		return nil, nil, err
	}
	if cfg.Copr.Projects == "" {
		return nil, nil, usagef("%s: copr.projects is missing: this site has no hub", cfg.File)
	}
	if err := durable.MkdirAll(forge.Dir(cfg.State), 0o755); err != nil { // no hub may have run yet
		return nil, nil, err
	}
	f, err := token.Open(forge.Tokens(cfg), nil)
	return cfg, f, err
}

// issueToken makes a token and prints it, once, in the form in which it is used.
func (a *app) issueToken(name string, projects []string, o tokenOptions) error {
	cfg, f, err := a.tokens()
	if err != nil {
		return err
	}
	declared, err := forge.Declared(cfg)
	if err != nil {
		return err
	}
	if _, err := hookURLs(cfg, declared, projects, o.webhook, ""); err != nil { // before anything is kept
		return err
	}
	var life config.Duration
	if err := life.UnmarshalText([]byte(o.expires)); err != nil {
		return usageError{fmt.Errorf("--expires: %w", err)}
	}
	expires, scope := time.Now().Add(time.Duration(life)), frontend.ScopeBuild
	switch o.webhook {
	case "":
	case "github", "custom":
		scope = frontend.ScopeWebhook
	default:
		return usagef("--webhook %q: want github or custom", o.webhook)
	}
	login, secret, err := f.Issue(name, []string{scope}, projects, expires)
	if err != nil {
		return usageError{err}
	}
	if o.webhook != "" {
		urls, err := hookURLs(cfg, declared, projects, o.webhook, secret)
		if err != nil {
			return err
		}
		for _, u := range urls {
			fmt.Fprintln(a.stdout, u)
		}
		a.say("login %s, good until %s; the secret is kept nowhere here", login, expires.Format(time.DateOnly))
		return nil
	}
	fmt.Fprintf(a.stdout, "[copr-cli]\nlogin = %s\nusername = %s\ntoken = %s\ncopr_url = %s\n",
		login, name, secret, strings.TrimSuffix(cfg.PublicURL.String(), "/"))
	a.say("good until %s; the token is kept nowhere here", expires.Format(time.DateOnly))
	return nil
}

// hookURLs are where webhooks of projects call; "*" stands for all that are declared.
func hookURLs(cfg *config.Config, declared []copr.Project, names []string, kind, secret string) (urls []string, err error) {
	for _, name := range names {
		found := name == "*"
		for _, p := range declared {
			if name != "*" && p.Name.String() != name {
				continue
			}
			found = true
			for _, k := range p.Packages {
				urls = append(urls, frontend.WebhookURL(cfg.PublicURL.URL(), kind, p.Name, secret, k.Name))
			}
		}
		if !found {
			return nil, hinted{usagef("project %q is not declared", name), "see `mirrorctl copr project list`"}
		}
	}
	return urls, nil
}

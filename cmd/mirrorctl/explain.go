package main

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"mirrorctl/internal/site"
	"mirrorctl/mirror"
)

func (a *app) explainCommand() *cobra.Command {
	var q site.Question
	var ip string
	c := &cobra.Command{
		Use: "explain URL | --repo NAME --arch ARCH", Short: "Say what a client gets, and by which rule",
		Example: `  mirrorctl explain /free/fedora/releases/25/Everything/x86_64/os/repodata/repomd.xml
  mirrorctl explain --repo free-fedora-25 --arch x86_64`,
		Args: arguments(0, 1),
		RunE: func(c *cobra.Command, urls []string) error {
			if ip != "" {
				var err error
				if q.IP, err = netip.ParseAddr(ip); err != nil {
					return usagef("--ip: %w", err)
				}
			}
			if (len(urls) == 1) == (q.Repo != "") {
				return usagef("want a URL, or --repo and --arch; see `%s --help`", c.CommandPath())
			}
			if len(urls) == 1 {
				u, err := url.Parse(urls[0])
				if err != nil {
					return usagef("URL: %w", err)
				}
				q.URL = u
			}
			v, err := a.view(c)
			if err != nil {
				return err
			}
			e, err := v.Explain(q)
			if errors.Is(err, mirror.ErrBadPath) {
				return usageError{err}
			}
			if err != nil {
				return err
			}
			return a.printExplanation(e)
		},
	}
	f := c.Flags()
	f.StringVar(&q.Repo, "repo", "", "`NAME` in repo= of a list request")
	f.StringVar(&q.Arch, "arch", "", "`ARCH` in arch= of a list request")
	f.StringVar(&ip, "ip", "", "`ADDRESS` of the client")
	return c
}

func (a *app) printExplanation(e site.Explanation) error {
	t := &table{columns: []string{"what", "value"}}
	for _, row := range [][2]string{
		{"path", string(e.Path)}, {"kind", e.Kind}, {"rule", e.Rule}, {"release", e.Release.String()}, {"tree", string(e.Tree)},
		{"repo", strings.Trim(e.Repo.Name+" "+e.Repo.Arch, " ")}, {"state", string(e.State)}, {"result", e.Result},
		{"answer", e.Answer}, {"location", e.Location},
	} {
		if row[1] != "" {
			t.add(row[0], row[1])
		}
	}
	if err := a.out.print(a.stdout, e, t); err != nil {
		return err
	}
	if e.Body != "" && a.out.format == "table" {
		fmt.Fprintf(a.stdout, "\n%s", e.Body)
	}
	return nil
}

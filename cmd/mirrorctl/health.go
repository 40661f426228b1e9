package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

func (a *app) healthCommand() *cobra.Command {
	var url string
	c := &cobra.Command{
		Use: "health", Short: "Ask the running service whether it is ready", Args: args(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			if url == "" {
				cfg, err := a.config()
				if err != nil {
					return err
				}
				url = "http://" + localAddr(cfg.Listen) + "/readyz"
			}
			req, err := http.NewRequestWithContext(c.Context(), http.MethodGet, url, nil)
			if err != nil {
				return usageError{err}
			}
			client := http.Client{Timeout: 5 * time.Second}
			res, err := client.Do(req)
			if err != nil {
				return fmt.Errorf("ask the service: %w", err)
			}
			defer res.Body.Close()
			body, err := io.ReadAll(io.LimitReader(res.Body, 4096))
			if err != nil {
				return fmt.Errorf("ask %s: %w", url, err)
			}
			if res.StatusCode != http.StatusOK {
				return fmt.Errorf("%s: %s: %s", url, res.Status, strings.TrimSpace(string(body)))
			}
			fmt.Fprintf(a.stdout, "%s", body)
			return nil
		},
	}
	c.Flags().StringVar(&url, "url", "", "what to ask, instead of /readyz of the configured address")
	return c
}

// localAddr is how this host reaches a listener: loopback where it listens on all addresses.
func localAddr(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return listen
	}
	if host == "" || host == "0.0.0.0" || host == "::" {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

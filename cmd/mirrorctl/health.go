package main

import (
	"errors"
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
		Use: "health", Short: "Ask the running service whether it is ready", Args: arguments(0, 0),
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
				var op *net.OpError // its Err leaves out what we say better
				if errors.As(err, &op) {
					err = op.Err
				}
				return hinted{fmt.Errorf("%s does not answer: %w", url, err), "is the service running? `mirrorctl serve`, or `systemctl status mirrorctl`"}
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
	c.Flags().StringVar(&url, "url", "", "ask `URL` instead of /readyz at the configured address")
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

package egress

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"
)

// Client sends requests as the package promises. It is safe for concurrent use.
type Client struct {
	http *http.Client
	pace pace
}

const maxRedirects = 3

// New makes a client. The resolver is the system's.
func New(p Policy) *Client { return NewWith(p, net.DefaultResolver) }

// NewWith makes a client that resolves names by r.
func NewWith(p Policy, r Resolver) *Client {
	d := &dialer{policy: p, resolver: r}
	return &Client{pace: pace{30 * time.Second, 30 * 1000}, http: &http.Client{
		CheckRedirect: checkRedirect,
		Transport: &http.Transport{
			Proxy:                  nil, // a proxy of the environment would dial for us, unchecked
			DialContext:            d.dial,
			ForceAttemptHTTP2:      true,
			TLSHandshakeTimeout:    patience,
			ResponseHeaderTimeout:  patience,
			IdleConnTimeout:        patience,
			MaxIdleConns:           16,
			MaxResponseHeaderBytes: 64 << 10,
			DisableCompression:     true, // a source is the bytes that were sent
		},
	}}
}

// Do sends r. The body of the answer ends in ErrTooLarge after max bytes, and in ErrSlow when it trickles. The total
// deadline is that of the request's context.
func (c *Client) Do(r *http.Request, max int64) (*http.Response, error) {
	if err := checkURL(r.URL); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(r.Context())
	resp, err := c.http.Do(r.WithContext(ctx))
	if err != nil {
		cancel()
		return nil, err
	}
	if resp.ContentLength > max {
		resp.Body.Close()
		cancel()
		return nil, fmt.Errorf("%s announces %d bytes: %w (%d)", r.URL.Redacted(), resp.ContentLength, ErrTooLarge, max)
	}
	resp.Body = newBody(resp.Body, cancel, max, c.pace)
	return resp, nil
}

// Close ends the connections that are kept for the next request.
func (c *Client) Close() { c.http.CloseIdleConnections() }

func checkRedirect(r *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return fmt.Errorf("%w: more than %d redirects", ErrRefused, maxRedirects)
	}
	if via[len(via)-1].URL.Scheme == "https" && r.URL.Scheme != "https" {
		return fmt.Errorf("%w: redirect from https to %s", ErrRefused, r.URL.Scheme)
	}
	return checkURL(r.URL)
}

func checkURL(u *url.URL) error {
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("%w: scheme %q: want http or https", ErrRefused, u.Scheme)
	case u.User != nil:
		return fmt.Errorf("%w: credentials in a URL", ErrRefused)
	case u.Hostname() == "":
		return fmt.Errorf("%w: URL without a host", ErrRefused)
	}
	return nil
}

// The errors of a body.
var (
	ErrTooLarge = errors.New("larger than allowed")
	ErrSlow     = errors.New("too slow: under 1,000 bytes a second for 30 seconds")
)

package archive

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"mirrorctl/mirror"
)

// Prober fetches an object of the archive the way clients do, through its public URL.
type Prober interface {
	// Fetch returns the body of a 200 answer; any other answer is an error. The caller
	// closes the body.
	Fetch(ctx context.Context, p mirror.Path) (io.ReadCloser, error)
}

// HTTPProber fetches over HTTP.
type HTTPProber struct {
	base   *url.URL
	client *http.Client
}

var _ Prober = (*HTTPProber)(nil)

// NewHTTPProber fetches objects below base, an absolute http or https URL.
func NewHTTPProber(base string) (*HTTPProber, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("archive URL %q: want http://host/ or https://host/", clip(base))
	}
	return &HTTPProber{base: u, client: &http.Client{
		Timeout: 10 * time.Minute, // a whole large package
		Transport: &http.Transport{
			// No proxy: what it has cached is not what the archive answers.
			DialContext:           (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
			TLSHandshakeTimeout:   5 * time.Second,
			ResponseHeaderTimeout: 10 * time.Second,
			DisableCompression:    true,
			MaxIdleConnsPerHost:   4,
			IdleConnTimeout:       5 * time.Second,
		},
		CheckRedirect: func(_ *http.Request, via []*http.Request) error {
			if len(via) > 3 {
				return fmt.Errorf("more than 3 redirects")
			}
			return nil
		},
	}}, nil
}

// Fetch gets one object.
func (h *HTTPProber) Fetch(ctx context.Context, p mirror.Path) (io.ReadCloser, error) {
	u := h.base.JoinPath(string(p))
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "mirrorctl-canary")
	req.Header.Set("Cache-Control", "no-cache")
	resp, err := h.client.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		resp.Body.Close()
		return nil, fmt.Errorf("GET %s: %s", u, resp.Status)
	}
	return resp.Body, nil
}

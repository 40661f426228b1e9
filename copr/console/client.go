package console

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"mirrorctl/copr"
	"mirrorctl/internal/socket"
)

// ErrNoHub says that no hub answers at the socket.
var ErrNoHub = errors.New("no hub answers")

// Client speaks to a running hub.
type Client struct {
	socket string
	http   http.Client
}

// Dial makes a Client of the socket at path. Nothing is opened before it is used.
func Dial(path string) *Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) { return socket.Dial(ctx, path) }
	return &Client{socket: path, http: http.Client{Transport: &http.Transport{DialContext: dial}}}
}

// remote is an error of the hub: its text, and what it wraps.
type remote struct {
	text string
	is   error
}

func (e *remote) Error() string { return e.text }
func (e *remote) Unwrap() error { return e.is }

func (c *Client) do(ctx context.Context, method, path string, in any) (io.ReadCloser, error) {
	var body io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://hub"+path, body)
	if err != nil {
		return nil, err
	}
	resp, err := c.http.Do(req)
	var refused *net.OpError
	if errors.As(err, &refused) && refused.Op == "dial" {
		return nil, fmt.Errorf("%w at %s: %w", ErrNoHub, c.socket, refused.Err)
	} else if err != nil {
		return nil, err
	}
	if resp.StatusCode == http.StatusOK {
		return resp.Body, nil
	}
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 4096))
	resp.Body.Close()
	e := &remote{text: strings.TrimSpace(string(text))}
	switch resp.StatusCode {
	case http.StatusNotFound:
		e.is = fs.ErrNotExist
	case http.StatusConflict:
		e.is = copr.ErrRefused
	}
	return nil, e
}

func (c *Client) call(ctx context.Context, method, path string, in, out any) error {
	body, err := c.do(ctx, method, path, in)
	if err != nil {
		return err
	}
	defer body.Close()
	return json.NewDecoder(body).Decode(out)
}

// Projects lists what is declared.
func (c *Client) Projects(ctx context.Context) (all []copr.Project, err error) {
	return all, c.call(ctx, http.MethodGet, "/projects", nil, &all)
}

// Builders lists who builds.
func (c *Client) Builders(ctx context.Context) (all []Builder, err error) {
	return all, c.call(ctx, http.MethodGet, "/builders", nil, &all)
}

// Submit begins a build.
func (c *Client) Submit(ctx context.Context, o copr.Order) (b copr.Build, err error) {
	return b, c.call(ctx, http.MethodPost, "/builds", o, &b)
}

// Builds lists builds, newest first.
func (c *Client) Builds(ctx context.Context, q copr.Query) (all []copr.Build, err error) {
	f := url.Values{}
	for key, value := range map[string]string{"package": q.Package, "state": string(q.State)} {
		if value != "" {
			f.Set(key, value)
		}
	}
	if q.Project != (copr.ProjectName{}) {
		f.Set("project", q.Project.String())
	}
	if q.Limit > 0 {
		f.Set("limit", strconv.Itoa(q.Limit))
	}
	if q.Before > 0 {
		f.Set("before", strconv.FormatUint(q.Before, 10))
	}
	return all, c.call(ctx, http.MethodGet, "/builds?"+f.Encode(), nil, &all)
}

func path(id uint64, rest string) string { return "/builds/" + strconv.FormatUint(id, 10) + rest }

// Build returns one build.
func (c *Client) Build(ctx context.Context, id uint64) (b copr.Build, err error) {
	return b, c.call(ctx, http.MethodGet, path(id, ""), nil, &b)
}

// Change cancels, retries or promotes a build.
func (c *Client) Change(ctx context.Context, id uint64, what string, choice Choice) (b copr.Build, err error) {
	return b, c.call(ctx, http.MethodPost, path(id, "/"+what), choice, &b)
}

// Watch yields a build now and after each change, until it has ended.
func (c *Client) Watch(ctx context.Context, id uint64) iter.Seq2[copr.Build, error] {
	return func(yield func(copr.Build, error) bool) {
		body, err := c.do(ctx, http.MethodGet, path(id, "?watch=1"), nil)
		if err != nil {
			yield(copr.Build{}, err)
			return
		}
		defer body.Close()
		ended := false
		for dec := json.NewDecoder(body); ; {
			var b copr.Build
			if err := dec.Decode(&b); errors.Is(err, io.EOF) && ended {
				return
			} else if err != nil {
				yield(b, fmt.Errorf("watch build %d: the hub has gone: %w", id, err))
				return
			}
			ended = b.State.Ended()
			if !yield(b, nil) {
				return
			}
		}
	}
}

// Log reads the log of a chroot.
func (c *Client) Log(ctx context.Context, id uint64, chroot copr.Chroot, follow bool) (io.ReadCloser, error) {
	rest := "/logs/" + chroot.String()
	if follow {
		rest += "?follow=1"
	}
	return c.do(ctx, http.MethodGet, path(id, rest), nil)
}

package dock

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

var ownHTTP = &http.Client{Transport: &http.Transport{
	DialContext:           (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 10 * time.Second}).DialContext,
	TLSHandshakeTimeout:   10 * time.Second,
	ResponseHeaderTimeout: 5 * time.Minute, // a result is read back before it is taken
	IdleConnTimeout:       90 * time.Second,
	MaxIdleConnsPerHost:   8,
}}

// request is one that may be sent several times.
type request struct {
	method, path string
	header       http.Header
	size         int64
	body         func() (io.ReadCloser, error) // nil: none
}

// do sends until there is an answer that is one. The body of the answer is the caller's to close.
func (c *Client) do(ctx context.Context, q request) (*http.Response, error) {
	until := time.Now().Add(cmp.Or(c.Patience, 10*time.Minute))
	for wait := 100 * time.Millisecond; ; wait = min(wait*2, 5*time.Second) {
		res, err := c.once(ctx, q)
		if err == nil || !errors.Is(err, errAgain) || time.Now().After(until) {
			return res, err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil, errors.Join(context.Cause(ctx), err)
		}
	}
}

// errAgain is wrapped where the same request may be answered another time.
var errAgain = errors.New("the hub is not there")

func (c *Client) once(ctx context.Context, q request) (*http.Response, error) {
	var body io.ReadCloser
	if q.body != nil {
		var err error
		if body, err = q.body(); err != nil {
			return nil, err
		}
	}
	r, err := http.NewRequestWithContext(ctx, q.method, strings.TrimSuffix(c.URL, "/")+"/builder/"+q.path, body)
	if err != nil {
		return nil, err
	}
	for k, v := range q.header {
		r.Header[k] = v
	}
	r.Header.Set("Authorization", "Bearer "+c.Name+":"+c.Token)
	r.ContentLength = q.size
	if q.size == 0 {
		r.Body = http.NoBody
	}
	res, err := cmp.Or(c.HTTP, ownHTTP).Do(r)
	if err != nil {
		if ctx.Err() != nil {
			return nil, errors.Join(context.Cause(ctx), err)
		}
		return nil, fmt.Errorf("%w: %w", errAgain, err)
	}
	if res.StatusCode < 300 {
		return res, nil
	}
	text, _ := io.ReadAll(io.LimitReader(res.Body, 1000)) // the status says enough
	res.Body.Close()
	err = fmt.Errorf("hub answers %s: %s", res.Status, strings.TrimSpace(string(text)))
	for _, f := range refusals {
		if res.Header.Get(refusedHeader) == f.word {
			return nil, fmt.Errorf("%w (%w)", err, f.err)
		}
	}
	if res.StatusCode >= 500 || res.StatusCode == http.StatusTooManyRequests {
		err = fmt.Errorf("%w: %w", errAgain, err)
	}
	return nil, err
}

// post sends bytes and closes the answer, which is read into v as JSON where v is not nil.
func (c *Client) post(ctx context.Context, path string, data []byte, v any) error {
	res, err := c.do(ctx, bytesRequest(path, data))
	if err != nil {
		return err
	}
	defer res.Body.Close() // read only
	if v == nil {
		return nil
	}
	return json.NewDecoder(io.LimitReader(res.Body, maxChunk)).Decode(v)
}

func bytesRequest(path string, data []byte) request {
	return request{method: http.MethodPost, path: path, size: int64(len(data)), body: func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(data)), nil
	}}
}

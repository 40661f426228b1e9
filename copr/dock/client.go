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
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"mirrorctl/copr"
)

// Client is a builder's side of a dock elsewhere. It has the methods of worker.Lease and worker.Dock. A hub that is not
// there, or that says it cannot just now, is asked again: every request may be sent twice.
type Client struct {
	URL         string // of the hub, without /builder
	Name, Token string
	HTTP        *http.Client  // nil is one with limits of its own
	Patience    time.Duration // how long a request is tried again while the hub is not there; 0 is 10 min
}

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

// Hold takes a task for the builder, or confirms it.
//
// BUG: where the answer to a taking is lost, the taking is sent again and counts as another delivery.
func (c *Client) Hold(ctx context.Context, t copr.Task, at copr.Step) (copr.Task, error) {
	var held heldTask
	if err := c.post(ctx, "hold/"+taskPath(t)+"?at="+url.QueryEscape(string(at)), nil, &held); err != nil {
		return t, fmt.Errorf("hold task %s: %w", t.ID(), err)
	}
	t.Delivery = held.Delivery
	return t, nil
}

// Release gives the task up.
func (c *Client) Release(ctx context.Context, t copr.Task, reason string) error {
	if err := c.post(ctx, "release/"+taskPath(t), []byte(line(reason)), nil); err != nil {
		return fmt.Errorf("release task %s: %w", t.ID(), err)
	}
	return nil
}

// Source writes the source package to w, from one answer: where that breaks off the caller has written a part of it.
func (c *Client) Source(ctx context.Context, t copr.Task, w io.Writer) error {
	res, err := c.do(ctx, request{method: http.MethodGet, path: "source/" + taskPath(t)})
	if err != nil {
		return fmt.Errorf("source of task %s: %w", t.ID(), err)
	}
	_, err = io.Copy(w, res.Body)
	if err := errors.Join(err, res.Body.Close()); err != nil {
		return fmt.Errorf("source of task %s: %w", t.ID(), err)
	}
	return nil
}

// Log takes the build's output as it comes.
func (c *Client) Log(ctx context.Context, t copr.Task) (io.WriteCloser, error) {
	return &logWriter{ctx: ctx, task: t, append: c.append}, nil
}

func (c *Client) append(ctx context.Context, t copr.Task, offset int64, data []byte) error {
	for len(data) > 0 {
		chunk := data[:min(len(data), maxChunk)]
		if err := c.post(ctx, fmt.Sprintf("log/%s?offset=%d", taskPath(t), offset), chunk, nil); err != nil {
			return fmt.Errorf("log of task %s: %w", t.ID(), err)
		}
		data, offset = data[len(chunk):], offset+int64(len(chunk))
	}
	return nil
}

// Deliver hands over the files of r, which lie in dir, and r itself. A hub that lost some with a restart gets them again.
func (c *Client) Deliver(ctx context.Context, t copr.Task, r copr.Result, dir string) error {
	for try := 1; ; try++ {
		err := c.deliver(ctx, t, r, dir)
		if err == nil {
			return nil
		}
		if !errors.Is(err, errIncomplete) || try == 3 {
			return fmt.Errorf("deliver task %s: %w", t.ID(), err)
		}
	}
}

func (c *Client) deliver(ctx context.Context, t copr.Task, r copr.Result, dir string) error {
	for _, f := range r.Files {
		q := request{
			method: http.MethodPut, path: "file/" + taskPath(t) + "/" + url.PathEscape(f.Name), size: f.Size,
			header: http.Header{"X-Sha256": {f.SHA256}},
			body:   func() (io.ReadCloser, error) { return os.Open(filepath.Join(dir, f.Name)) },
		}
		res, err := c.do(ctx, q)
		if err != nil {
			// The very same result may have been taken before; only the hub's last word tells.
			if errors.Is(err, ErrDuplicate) {
				break
			}
			return err
		}
		res.Body.Close() // empty
	}
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return c.post(ctx, "deliver/"+taskPath(t), data, nil)
}

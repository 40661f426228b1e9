package dock

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
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

// Hello asks the hub, once it is there, which architectures this builder may build for. The error wraps ErrUnknown where the
// hub does not know its name and token.
func (c *Client) Hello(ctx context.Context) ([]string, error) {
	res, err := c.do(ctx, request{method: http.MethodGet, path: "hello"})
	if err != nil {
		return nil, err
	}
	defer res.Body.Close() // read only
	var g greeting
	err = json.NewDecoder(io.LimitReader(res.Body, maxChunk)).Decode(&g)
	return g.Arches, err
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

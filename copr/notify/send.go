package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

const (
	answerTime = 30 * time.Second
	maxAnswer  = 1 << 20 // nobody reads it
)

// send delivers an event, whose JSON is raw. No error: the receiver has it.
func (n *Notifier) send(ctx context.Context, h Hook, e Event, raw []byte) error {
	body, kind := raw, "application/json"
	if h.Text {
		body, kind = []byte(e.text()), "text/plain; charset=utf-8"
	}
	signature, err := h.sign(body)
	if err != nil {
		return fmt.Errorf("sign: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL, bytes.NewReader(body))
	if err != nil {
		return bare(err)
	}
	r.Header.Set("User-Agent", "mirrorctl")
	r.Header.Set("Content-Type", kind)
	r.Header.Set("X-Mirrorctl-Event", "build."+string(e.Event))
	r.Header.Set("X-Mirrorctl-Delivery", e.Delivery)
	if signature != "" {
		r.Header.Set("X-Hub-Signature-256", signature)
	}
	resp, err := n.Client.Do(r, maxAnswer)
	if err != nil {
		return bare(err)
	}
	defer resp.Body.Close()
	if resp.Request.Method != http.MethodPost { // 301 to 303 make a GET of it, and the body is lost
		return errors.New("the receiver redirects: name the URL that it redirects to")
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return fmt.Errorf("the receiver says %s", resp.Status)
	}
	return nil
}

// bare takes the URL out of an error: it may hold a secret, and the log names the host.
func bare(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

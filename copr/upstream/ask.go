package upstream

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

const (
	maxAnswer = 8 << 20 // bytes: GitHub's longest page of releases is below 3 MiB
	askFor    = time.Minute
	maxWait   = 24 * time.Hour
)

// get asks url, with the ETag of the last answer. A nil body says that nothing has changed.
func (w *Watcher) get(ctx context.Context, url string, header map[string]string, m *memory) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("User-Agent", "mirrorctl")
	for k, v := range header {
		r.Header.Set(k, v)
	}
	if m.ETag != "" {
		r.Header.Set("If-None-Match", m.ETag)
	}
	resp, err := w.o.Client.Do(r, maxAnswer)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK:
	case http.StatusNotModified:
		return nil, nil
	default:
		m.NotBefore = wait(resp, w.now())
		return nil, fmt.Errorf("%s says %s", r.URL.Host, resp.Status)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if tag := resp.Header.Get("ETag"); len(tag) <= 200 {
		m.ETag = tag
	}
	return body, nil
}

// wait reads until when a server that refuses asks to be left alone: Retry-After, or GitHub's X-RateLimit-Reset where
// nothing remains. At most a day: the answer may be nonsense.
func wait(resp *http.Response, now time.Time) time.Time {
	var until time.Time
	if s := resp.Header.Get("Retry-After"); s != "" {
		if n, err := strconv.ParseInt(s, 10, 32); err == nil && n >= 0 {
			until = now.Add(time.Duration(n) * time.Second)
		} else if at, err := http.ParseTime(s); err == nil {
			until = at
		}
	} else if resp.Header.Get("X-RateLimit-Remaining") == "0" {
		if n, err := strconv.ParseInt(resp.Header.Get("X-RateLimit-Reset"), 10, 64); err == nil {
			until = time.Unix(n, 0)
		}
	}
	switch latest := now.Add(maxWait); {
	case until.Before(now):
		return time.Time{}
	case until.After(latest):
		return latest
	}
	return until
}

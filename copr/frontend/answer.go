package frontend

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"strconv"
	"strings"

	"mirrorctl/copr"
	"mirrorctl/internal/web"
)

// writeJSON answers with v, compressed where that pays and the client takes it.
func writeJSON(w http.ResponseWriter, r *http.Request, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return writeBody(w, r, "application/json", append(raw, '\n'))
}

func writeBody(w http.ResponseWriter, r *http.Request, contentType string, body []byte) error {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Vary", "Accept-Encoding")
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-cache")
	}
	if len(body) > 1400 && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		var packed bytes.Buffer
		z, err := gzip.NewWriterLevel(&packed, gzip.BestSpeed)
		if err != nil {
			return err
		}
		z.Write(body) // a bytes.Buffer does not fail
		z.Close()
		body = packed.Bytes()
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodHead {
		return nil
	}
	_, err := w.Write(body)
	return err
}

// apiError answers an error as COPR does: {"error": "…"}. What is nobody's business stays an error, for the log.
func apiError(w http.ResponseWriter, err error) error {
	problem := classify(err)
	if problem == nil {
		return err
	}
	raw, encoding := json.Marshal(map[string]string{"error": problem.Text})
	if encoding != nil {
		return encoding
	}
	h := w.Header()
	for k, v := range problem.Header {
		h[k] = v
	}
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(raw)))
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(problem.Status)
	_, err = w.Write(raw)
	return err
}

// classify finds the answer to an error; nil where it is the hub's own trouble.
func classify(err error) *web.Problem {
	switch p, ok := isProblem(err); {
	case err == nil:
		return nil
	case ok:
		return p
	case errors.Is(err, copr.ErrRefused):
		return &web.Problem{Status: http.StatusBadRequest, Reason: "bad_request", Text: err.Error(), Err: err}
	case errors.Is(err, fs.ErrNotExist):
		return &web.Problem{Status: http.StatusNotFound, Reason: "not_found", Text: "not found", Err: err}
	}
	return nil
}

// page is what a client asks of a list.
type page struct{ limit, offset int }

const (
	maxPage   = 10_000
	maxOffset = 10_000_000
)

func pageOf(r *http.Request) (p page, err error) {
	read := func(key string, or, most int) int {
		text := query(r).Get(key)
		if text == "" || err != nil {
			return or
		}
		n, bad := strconv.Atoi(text)
		if bad != nil || n < 0 || n > most {
			err = badRequest(key + ": want a number up to " + strconv.Itoa(most))
		}
		return n
	}
	p = page{limit: read("limit", maxPage, maxPage), offset: read("offset", 0, maxOffset)}
	if p.limit == 0 {
		p.limit = maxPage
	}
	return p, err
}

// cut is the page's part of a list.
func cut[T any](all []T, p page) []T {
	start := min(p.offset, len(all))
	return all[start:min(start+p.limit, len(all))]
}

// listOf is a list as COPR's clients read one.
func listOf[T any](items []T, p page) map[string]any {
	if items == nil {
		items = []T{}
	}
	return map[string]any{"items": items, "meta": map[string]any{"limit": p.limit, "offset": p.offset, "order": "id", "order_type": "DESC"}}
}

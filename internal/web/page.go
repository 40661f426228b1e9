package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	_ "embed" // the style sheet and the status page
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

//go:embed style.css
var style string

// contentPolicy lets a page use its own style sheet and nothing else, from nowhere: no script, no image, no font.
var contentPolicy = func() string {
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}()

const (
	typeHTML = "text/html; charset=utf-8"
	typeJSON = "application/json"
)

// gzipAbove is the size from which compressing a page saves a packet.
const gzipAbove = 1400

var gzipWriters = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}

// writePage sends a page that was made for this request, compressed for those who ask. Files never come here.
func writePage(w http.ResponseWriter, r *http.Request, contentType string, page []byte) error {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Cache-Control", "public, max-age=30")
	h.Set("Vary", "Accept, Accept-Encoding")
	h.Set("X-Content-Type-Options", "nosniff")
	if contentType == typeHTML {
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("Referrer-Policy", "no-referrer")
	}
	if len(page) > gzipAbove && acceptsGzip(r.Header["Accept-Encoding"]) {
		var b bytes.Buffer
		z := gzipWriters.Get().(*gzip.Writer)
		z.Reset(&b)
		z.Write(page) // a bytes.Buffer does not fail
		z.Close()
		gzipWriters.Put(z)
		page = b.Bytes()
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("Content-Length", strconv.Itoa(len(page)))
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return nil
	}
	return body{bytes: page}.send(w, r, span{0, int64(len(page))})
}

// acceptsGzip looks for gzip, or *, with a quality other than 0.
func acceptsGzip(lines []string) bool {
	gzipOK, anyOK, named := false, false, false
	for _, line := range lines {
		for item := range strings.SplitSeq(line, ",") {
			coding, params, _ := strings.Cut(item, ";")
			name, q := strings.ToLower(strings.TrimSpace(coding)), quality(params)
			switch name {
			case "gzip", "x-gzip":
				gzipOK, named = q > 0, true
			case "*":
				anyOK = q > 0
			}
		}
	}
	return gzipOK || anyOK && !named
}

// wantsJSON tells whether Accept puts JSON above HTML. A client that accepts anything gets HTML.
func wantsJSON(lines []string) bool {
	json, html := -1.0, -1.0
	for _, line := range lines {
		for item := range strings.SplitSeq(line, ",") {
			kind, params, _ := strings.Cut(item, ";")
			switch strings.ToLower(strings.TrimSpace(kind)) {
			case "application/json":
				json = quality(params)
			case "text/html":
				html = quality(params)
			}
		}
	}
	return json > 0 && json > html
}

// quality reads ";q=0.5"; 1 where there is none, 0 where it is no number.
func quality(params string) float64 {
	for p := range strings.SplitSeq(params, ";") {
		if k, v, ok := strings.Cut(p, "="); ok && strings.EqualFold(strings.TrimSpace(k), "q") {
			q, err := strconv.ParseFloat(strings.TrimSpace(v), 64)
			if err != nil || !(0 <= q && q <= 1) {
				return 0
			}
			return q
		}
	}
	return 1
}

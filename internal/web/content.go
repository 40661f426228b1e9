package web

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// Content is one body and what its headers say. Make it once, keep it Prepared beside the bytes
// and serve it many times, from many goroutines.
type Content struct {
	Name         string    // base name; gives the type where ContentType is empty
	ContentType  string    //
	Size         int64     // of the body, in bytes; taken from Bytes where that is set
	ModTime      time.Time // zero: no Last-Modified
	SHA256       [32]byte  // of the body: the ETag and Repr-Digest; zero: unknown, the ETag is made of ModTime and Size
	CacheControl string    // empty: none

	Bytes []byte                            // the body, where it is in memory; never changed
	Open  func() (io.ReadSeekCloser, error) // the body, where it is not: an *os.File goes out by sendfile
	// File is the body where it had to be opened to know the rest of this. Such a Content is
	// served once: ServeContent closes File, whatever it answers.
	File io.ReadSeekCloser

	head *head
}

// head holds header values as http.Header wants them, so that a request formats nothing. The
// slices have no room to grow: an Add by someone else copies instead of writing into ours.
type head struct {
	etag                                                        string
	contentType, length, etags, modified, cacheControl, digests []string
}

var acceptRanges = []string{"bytes"}

// Prepared returns c with its header values formatted.
func (c Content) Prepared() Content {
	if c.head != nil {
		return c
	}
	if c.Bytes != nil {
		c.Size = int64(len(c.Bytes))
	}
	if c.ContentType == "" {
		c.ContentType = MediaType(c.Name)
	}
	h := &head{
		contentType: one(c.ContentType),
		length:      one(strconv.FormatInt(c.Size, 10)),
	}
	switch {
	case c.SHA256 != [32]byte{}:
		h.etag = `"` + hex.EncodeToString(c.SHA256[:]) + `"`
		h.digests = one("sha-256=:" + base64.StdEncoding.EncodeToString(c.SHA256[:]) + ":")
	case !c.ModTime.IsZero():
		h.etag = fmt.Sprintf(`"%x-%x"`, c.ModTime.UnixNano(), c.Size)
	}
	if h.etag != "" {
		h.etags = one(h.etag)
	}
	if !c.ModTime.IsZero() {
		h.modified = one(c.ModTime.UTC().Format(http.TimeFormat))
	}
	if c.CacheControl != "" {
		h.cacheControl = one(c.CacheControl)
	}
	c.head = h
	return c
}

func one(s string) []string { return []string{s} }

// ETag is the entity tag with its quotes; empty where neither hash nor time are known.
func (c Content) ETag() string { return c.Prepared().head.etag }

// ServeContent answers a GET or HEAD with c: whole, in part, or 304. It honours If-Match, If-None-Match,
// If-Modified-Since, If-Unmodified-Since, If-Range and Range as RFC 9110 says, within the limits
// of ranges.go. It never sets Content-Encoding or Vary, and never looks into the body for a type.
//
// It returns a *Problem for 412 and 416, and the error of Open, with nothing written; any other error
// means that the connection broke on the way, or that the client took too little for too long.
func ServeContent(w http.ResponseWriter, r *http.Request, c Content) error {
	if c.File != nil {
		defer c.File.Close() // read only: there is nothing that an error could tell
	}
	c = c.Prepared()
	h := c.head
	switch checkConditions(r.Header, h.etag, c.ModTime) {
	case notModified:
		setAll(w.Header(), h)
		w.WriteHeader(http.StatusNotModified)
		return nil
	case preconditionFailed:
		return &Problem{Status: http.StatusPreconditionFailed, Reason: "precondition", Text: "precondition failed"}
	}
	var ranges []span
	if r.Method == http.MethodGet { // RFC 9110 defines Range for no other method
		if spec := r.Header["Range"]; len(spec) > 0 && ifRange(r.Header, h.etag, c.ModTime) {
			var err error
			if ranges, err = selectRanges(spec, c.Size); err != nil {
				return err
			}
		}
	}
	body, err := c.open()
	if err != nil {
		return err
	}
	defer body.close()

	header := w.Header()
	setAll(header, h)
	header["Content-Type"] = h.contentType
	switch len(ranges) {
	case 0:
		header["Content-Length"] = h.length
		w.WriteHeader(http.StatusOK)
		if r.Method == http.MethodHead {
			return nil
		}
		return body.send(w, r, span{0, c.Size})
	case 1:
		header["Content-Length"] = one(strconv.FormatInt(ranges[0].length, 10))
		header["Content-Range"] = one(ranges[0].contentRange(c.Size))
		w.WriteHeader(http.StatusPartialContent)
		return body.send(w, r, ranges[0])
	}
	return sendParts(w, body, ranges, c)
}

// setAll sets what a 200, a 206 and a 304 have in common.
func setAll(header http.Header, h *head) {
	header["Accept-Ranges"] = acceptRanges
	if h.etags != nil {
		header["Etag"] = h.etags
	}
	if h.modified != nil {
		header["Last-Modified"] = h.modified
	}
	if h.cacheControl != nil {
		header["Cache-Control"] = h.cacheControl
	}
	if h.digests != nil {
		header["Repr-Digest"] = h.digests
	}
}

// open makes the body ready to send. HEAD opens too: an answer of 200 for a file that is gone would be a lie.
func (c Content) open() (body, error) {
	switch {
	case c.File != nil:
		return body{file: c.File, lent: true}, nil
	case c.Open == nil:
		return body{bytes: c.Bytes}, nil
	}
	f, err := c.Open()
	if err != nil {
		return body{}, fmt.Errorf("open %s: %w", c.Name, err)
	}
	return body{file: f}, nil
}

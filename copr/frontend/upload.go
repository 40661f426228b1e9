package frontend

import (
	"errors"
	"io"
	"net/http"
	"strings"

	"mirrorctl/internal/web"
)

// createByUpload builds a source package that is in the request: multipart, the parts "pkgs" and "json" in any order.
// Who sends it is checked before a byte of the file is kept, as far as the project is known by then: in no case is
// anything kept of who has no token at all.
func (f *Frontend) createByUpload(w http.ResponseWriter, r *http.Request) error {
	if f.Uploads == nil {
		return &web.Problem{Status: http.StatusNotImplemented, Reason: "bad_request", Text: "this hub takes no uploads: put the source package where it can be fetched, and submit its URL"}
	}
	login, _, ok := r.BasicAuth()
	if !ok || login == "" {
		return unauthorized
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxUpload)
	parts, err := r.MultipartReader()
	if err != nil {
		return badRequest("want multipart/form-data")
	}
	var s *submission
	var kept, file string
	for {
		part, err := parts.NextPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			return badRequest("the upload was cut short")
		}
		switch part.FormName() {
		case "json":
			read, err := form(part)
			if err != nil {
				return err
			}
			s = &read
		case "pkgs":
			if s == nil { // copr-cli sends the file first: no more than that the token is one is known
				if _, err := f.authenticated(r); err != nil {
					return err
				}
			} else if _, _, err := f.order(r, *s); err != nil {
				return err
			}
			file = part.FileName()
			if kept != "" || !strings.HasSuffix(file, ".src.rpm") || strings.ContainsAny(file, "/\\") || strings.HasPrefix(file, ".") {
				return badRequest("pkgs: want one source package")
			}
			kept, err = f.Uploads.Keep(r.Context(), file, part)
			if tooLarge := new(http.MaxBytesError); errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &tooLarge) {
				return badRequest("the upload was cut short, or is too large")
			}
			if err != nil {
				return err
			}
		}
	}
	if s == nil || kept == "" {
		return badRequest("want the parts json and pkgs")
	}
	o, p, err := f.order(r, *s)
	if err != nil {
		return err
	}
	if o.Package, err = sourceOf(p, file); err != nil {
		return err
	}
	o.SRPM = kept
	b, err := f.Hub.Submit(r.Context(), o)
	if err != nil {
		return err
	}
	return writeJSON(w, r, f.buildRecord(&b))
}

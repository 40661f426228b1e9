package frontend

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"mirrorctl/copr"
	"mirrorctl/internal/web"
)

// hooked finds what a webhook's URL names. The secret in it is all that the caller has to show, as with COPR.
func (f *Frontend) hooked(r *http.Request) (copr.Order, error) {
	for _, p := range f.Hub.Projects() {
		if strconv.FormatUint(uint64(number(p.Name)), 10) != r.PathValue("project") {
			continue
		}
		if f.Tokens == nil {
			break
		}
		who, err := f.Tokens.Check("", r.PathValue("secret"), ScopeWebhook, p.Name)
		if err != nil {
			continue // another project of the same number
		}
		k, err := declared(p, r.PathValue("package"))
		if err != nil {
			return copr.Order{}, err
		}
		return copr.Order{Project: p.Name, Package: k.Name, Submitter: who, Background: true}, nil
	}
	return copr.Order{}, &web.Problem{Status: http.StatusForbidden, Reason: "forbidden", Text: "no such webhook"}
}

// WebhookURL is where a project's webhook for a package is called; kind is custom or github.
func WebhookURL(public *url.URL, kind string, p copr.ProjectName, secret, pkg string) string {
	return public.JoinPath("webhooks", kind, strconv.FormatUint(uint64(number(p)), 10), secret, pkg).String() + "/"
}

// customHook builds the package; ?version= names upstream's. What the body holds is not looked at. The answer is the
// number of the build, as COPR gives it.
func (f *Frontend) customHook(w http.ResponseWriter, r *http.Request) error {
	o, err := f.hooked(r)
	if err != nil {
		return err
	}
	if o.Version = query(r).Get("version"); !isVersion(o.Version) {
		return badRequest("version: want letters, digits and ._+~^")
	}
	return f.hook(w, r, o)
}

func (f *Frontend) hook(w http.ResponseWriter, r *http.Request, o copr.Order) error {
	b, err := f.Hub.Submit(r.Context(), o)
	if p := classify(err); p != nil {
		return p
	}
	if err != nil {
		return err
	}
	return writeBody(w, r, "text/plain; charset=utf-8", fmt.Appendf(nil, "%d\n", b.ID))
}

// githubHook builds the version that a release or a tag announces, and answers other events with 200, so that GitHub
// does not report them as failed.
func (f *Frontend) githubHook(w http.ResponseWriter, r *http.Request) error {
	o, err := f.hooked(r)
	if err != nil {
		return err
	}
	raw, err := io.ReadAll(io.LimitReader(r.Body, maxForm+1))
	if err != nil {
		return fmt.Errorf("read the webhook: %w", err)
	}
	version, ok, err := announced(r.Header.Get("X-Github-Event"), o.Package, raw)
	if err != nil {
		return err
	}
	if !ok {
		return writeBody(w, r, "text/plain; charset=utf-8", []byte("nothing to build\n"))
	}
	o.Version = version
	return f.hook(w, r, o)
}

// announced reads an event of GitHub. ok is false for one that announces no version.
func announced(event, pkg string, raw []byte) (version string, ok bool, err error) {
	if len(raw) > maxForm {
		return "", false, badRequest("over 1 MiB")
	}
	var e struct {
		Action  string `json:"action"`
		Ref     string `json:"ref"`
		RefType string `json:"ref_type"`
		Release struct {
			Tag        string `json:"tag_name"`
			Draft      bool   `json:"draft"`
			Prerelease bool   `json:"prerelease"`
		} `json:"release"`
	}
	if err := json.Unmarshal(raw, &e); err != nil {
		return "", false, badRequest("the body is no JSON: set the webhook's content type to application/json")
	}
	var tag string
	switch {
	case event == "release" && (e.Action == "published" || e.Action == "released") && !e.Release.Draft && !e.Release.Prerelease:
		tag = e.Release.Tag
	case event == "create" && e.RefType == "tag":
		tag = e.Ref
	}
	version = strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(tag, pkg), "-"), "v")
	if version == "" || version[0] < '0' || version[0] > '9' || !isVersion(version) {
		return "", false, nil
	}
	return version, true, nil
}

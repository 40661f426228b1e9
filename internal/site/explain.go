package site

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"mirrorctl/mirror"
	"mirrorctl/redirect"
)

// Question is what somebody asks about: a URL, or a list of a repository.
type Question struct {
	URL        *url.URL // absolute, or a path
	Repo, Arch string
	IP         netip.Addr // of the client; may be invalid
}

// Explanation is what a client would get, and why.
type Explanation struct {
	Path     mirror.Path    `json:"path"`
	Kind     string         `json:"kind"`
	Rule     string         `json:"rule,omitempty"` // of the layout
	Release  mirror.Release `json:"release,omitzero"`
	Tree     mirror.Path    `json:"tree,omitempty"`
	Repo     mirror.RepoID  `json:"repo,omitzero"`
	State    mirror.State   `json:"state,omitempty"`
	Result   string         `json:"result"`             // as in mirrorctl_redirects_total
	Answer   string         `json:"answer"`             // in words
	Location string         `json:"location,omitempty"` // of a redirect
	Body     string         `json:"body,omitempty"`     // of a list
}

// Explain answers q by the functions that answer requests.
func (v *View) Explain(q Question) (Explanation, error) {
	client := redirect.Client{Addr: q.IP}
	if q.Repo != "" {
		return v.explainList(redirect.Query{ByRepo: true, Repo: q.Repo, Arch: q.Arch}, client), nil
	}
	if q.URL.Scheme == "https" {
		client.Scheme = redirect.HTTPS
	}
	path := v.belowPublic(q.URL)
	p, err := mirror.ParsePath(path)
	if err != nil {
		return Explanation{}, err
	}
	if top, _, _ := strings.Cut(string(p), "/"); top == "mirrorlist" || top == "metalink" {
		return v.explainList(redirect.ParseQuery(q.URL.RawQuery), client), nil
	}
	if a, ok := redirect.Legacy(v.lists, p, client); ok {
		return Explanation{Path: p}.list(a), nil
	}
	p, archive := v.places.inArchive(q.URL.Host, p)
	p, found := v.resolve(p)
	slash := strings.HasSuffix(path, "/")
	d := redirect.Decide(v.targets, redirect.Request{Path: p, Slash: slash, Found: found, Scheme: client.Scheme, Archive: archive})
	e := v.explained(p, found)
	e.Result, e.Location = d.Result.String(), d.Location
	switch d.Action {
	case redirect.Redirect:
		e.Answer = fmt.Sprintf("%d to the archive, since %s is %s", http.StatusFound, found.Release, found.State)
	case redirect.ServeArchive:
		e.Answer = "the archive's file, if it is there"
	case redirect.ServeRoot:
		e.Answer = "the root's file, if it is there"
		if found.Kind.IsMetadata() {
			e.Answer = "the verified generation in memory"
		}
	default:
		e.Answer = "404"
	}
	return e, nil
}

// belowPublic is the path of a URL as this server sees it: a proxy in front takes the public path away.
func (v *View) belowPublic(u *url.URL) string {
	public := v.config.PublicURL.URL()
	if rest, ok := strings.CutPrefix(u.Path, public.Path); ok && strings.EqualFold(u.Host, public.Host) {
		return "/" + rest
	}
	return u.Path
}

// explained is what the catalog knows of a path.
func (v *View) explained(p mirror.Path, found mirror.Resolution) Explanation {
	e := Explanation{Path: p, Kind: found.Kind.String()}
	if found.Known {
		e.Rule = v.layout.Rule(p)
		e.Release, e.Tree, e.Repo, e.State = found.Release, found.Tree, found.Repo, found.State
	}
	return e
}

func (v *View) explainList(q redirect.Query, c redirect.Client) Explanation {
	a := redirect.Mirrorlist(v.lists, q, c)
	e := Explanation{}
	if repo, _, ok := v.catalog.Lookup(a.Repo); ok {
		e = v.explained(repo.Dir, v.catalog.Resolve(repo.Dir))
	}
	return e.list(a)
}

// list adds a list to what is known of its repository.
func (e Explanation) list(a redirect.Answer) Explanation {
	e.Kind, e.Result, e.Body, e.Location = a.Kind.String(), a.Outcome.String(), string(a.Body), a.Location
	switch a.Outcome {
	case redirect.OutcomeActive, redirect.OutcomeArchived, redirect.OutcomeLegacy:
		e.Answer = fmt.Sprintf("%d, a list", a.Status)
	default:
		e.Answer = fmt.Sprintf("%d, not a list but why there is none", a.Status)
	}
	return e
}

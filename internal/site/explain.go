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
	if q.Repo != "" {
		return v.explainList(q), nil
	}
	path := q.URL.Path
	p, err := mirror.ParsePath(path)
	if err != nil {
		return Explanation{}, err
	}
	if strings.HasSuffix(path, "/mirrorlist") || strings.HasSuffix(path, "/metalink") {
		query := redirect.ParseQuery(q.URL.RawQuery)
		q.Repo, q.Arch = query.Repo, query.Arch
		return v.explainList(q), nil
	}
	scheme := redirect.HTTP
	if q.URL.Scheme == "https" {
		scheme = redirect.HTTPS
	}
	p, archive := v.inArchive(q.URL.Host, p)
	found := v.catalog.Resolve(p)
	slash := strings.HasSuffix(path, "/")
	d := redirect.Decide(v.targets, redirect.Request{Path: p, Slash: slash, Found: found, Scheme: scheme, Archive: archive})
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

// explained is what the catalog knows of a path.
func (v *View) explained(p mirror.Path, found mirror.Resolution) Explanation {
	e := Explanation{Path: p, Kind: found.Kind.String()}
	if found.Known {
		e.Rule = v.layout.Rule(p)
		e.Release, e.Tree, e.Repo, e.State = found.Release, found.Tree, found.Repo, found.State
	}
	return e
}

func (v *View) explainList(q Question) Explanation {
	answer := redirect.Mirrorlist(v.lists, redirect.Query{ByRepo: true, Repo: q.Repo, Arch: q.Arch}, redirect.Client{Addr: q.IP})
	repo, _, ok := v.catalog.Lookup(mirror.RepoID{Name: q.Repo, Arch: q.Arch})
	e := Explanation{Kind: answer.Kind.String()}
	if ok {
		e = v.explained(repo.Dir, v.catalog.Resolve(repo.Dir))
	}
	e.Kind, e.Result, e.Body = answer.Kind.String(), answer.Outcome.String(), string(answer.Body)
	e.Answer = fmt.Sprintf("%d, a list", answer.Status)
	return e
}

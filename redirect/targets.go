package redirect

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"mirrorctl/mirror"
)

// Targets are the public addresses of a site: all that a Location may ever name. They are
// compiled once from the configuration and immutable.
type Targets struct {
	public, archive base
	archiveHere     bool
}

// base is one configured address, ready for both schemes.
type base struct {
	configured Scheme
	prefix     [schemes]string // absolute, escaped, ends in "/"
}

// NewTargets compiles the configuration's public_url and archive.url. A nil archive means that
// this server answers for the archive too, under <public>archive/. archiveHere says that this
// process serves the archive itself, wherever its address points; a nil archive implies it.
//
// Either address is used with the scheme that the client came by. A port goes with the scheme
// that it was configured for: an http client of https://a.example:8443/ is sent to
// http://a.example/, because a port speaks one protocol.
func NewTargets(public, archive *url.URL, archiveHere bool) (*Targets, error) {
	if public == nil {
		return nil, errors.New("public_url is missing")
	}
	if archive == nil {
		archive, archiveHere = public.JoinPath("archive/"), true
	}
	t := &Targets{archiveHere: archiveHere}
	var err error
	if t.public, err = newBase(public); err != nil {
		return nil, fmt.Errorf("public_url %q: %w", public.Redacted(), err)
	}
	if t.archive, err = newBase(archive); err != nil {
		return nil, fmt.Errorf("archive.url %q: %w", archive.Redacted(), err)
	}
	if t.public.prefix[HTTP] == t.archive.prefix[HTTP] || t.public.prefix[HTTPS] == t.archive.prefix[HTTPS] {
		return nil, fmt.Errorf("archive.url %q equals public_url: every redirect would come back", archive.Redacted())
	}
	return t, nil
}

func newBase(u *url.URL) (base, error) {
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return base{}, errors.New("want an http or https URL")
	case u.Hostname() == "":
		return base{}, errors.New("has no host")
	case u.User != nil, u.RawQuery != "", u.ForceQuery, u.Fragment != "":
		return base{}, errors.New("must hold no user, query or fragment")
	}
	path, err := mirror.ParsePath(u.Path)
	if err != nil {
		return base{}, err
	}
	b := base{}
	if u.Scheme == "https" {
		b.configured = HTTPS
	}
	for s := range schemes {
		host := u.Host
		if s != b.configured {
			host = strings.TrimSuffix(host, ":"+u.Port())
		}
		b.prefix[s] = (&url.URL{Scheme: s.String(), Host: host, Path: "/"}).String()
		if path != "" {
			b.prefix[s] += EscapePath(path) + "/"
		}
	}
	return b, nil
}

// url is the address of p below b. A directory's ends in a slash.
func (b *base) url(s Scheme, p mirror.Path, slash bool) string {
	if slash && p != "" {
		return b.prefix[s] + EscapePath(p) + "/"
	}
	return b.prefix[s] + EscapePath(p)
}

// host is b as a host of a list: the address in the client's scheme, and the configured one.
// No third is invented: whether a server speaks a scheme that neither the configuration nor the
// client's own arrival shows is not known.
func (b *base) host(s Scheme, dir mirror.Path) Host {
	h := Host{URLs: []string{b.url(s, dir, true)}}
	if s != b.configured {
		h.URLs = append(h.URLs, b.url(b.configured, dir, true))
	}
	return h
}

// PublicURL is the address of p in the root, for a client of scheme s.
func (t *Targets) PublicURL(s Scheme, p mirror.Path, slash bool) string {
	return t.public.url(s, p, slash)
}

// ArchiveURL is the address of p in the archive, for a client of scheme s.
func (t *Targets) ArchiveURL(s Scheme, p mirror.Path, slash bool) string {
	return t.archive.url(s, p, slash)
}

// ArchiveHere reports whether this process serves the archive itself.
func (t *Targets) ArchiveHere() bool { return t.archiveHere }

package site

import (
	"net/url"
	"strings"

	"mirrorctl/internal/config"
	"mirrorctl/mirror"
	"mirrorctl/mirror/index"
)

// places are where this server is asked for the archive: below a prefix, and where the archive's address
// has a host of its own, on that host.
type places struct {
	prefix mirror.Path // "": there is none
	host   string      // without a port; "": there is none
	below  mirror.Path // on host
}

// defaultPrefix is the archive's where no address says another.
const defaultPrefix = "archive"

// placesOf finds them.
//
// An archive with an address elsewhere is answered below archive/ too: a proxy in front that serves its host may
// ask there, and does not depend on the Host header then. But there a directory of the root comes first:
// Fedora's has one of that name. Nobody is sent to the prefix in that case.
func placesOf(cfg *config.Config, x *index.Index) places {
	var a places
	public, archive := cfg.PublicURL.URL(), cfg.ArchiveURL()
	here := strings.EqualFold(public.Hostname(), archive.Hostname()) // on another port the path is another, too: see redirect.NewTargets
	if here {
		a.prefix = mirror.Path(relative(archive, public))
	} else {
		a.host, a.below = archive.Hostname(), mirror.Path(strings.Trim(archive.Path, "/"))
	}
	if sent := here && (cfg.Archive.Store != "" || !cfg.Archive.URL.IsZero()); !sent || a.prefix == "" {
		a.prefix = defaultPrefix
		if _, taken := x.Stat(defaultPrefix); taken {
			a.prefix = ""
		}
	}
	return a
}

// relative is the archive's path as this server sees it, for a proxy in front takes the public path away.
func relative(archive, public *url.URL) string {
	path, base := strings.Trim(archive.Path, "/"), strings.Trim(public.Path, "/")
	if rest, ok := strings.CutPrefix(path, base+"/"); ok && base != "" {
		return rest
	}
	return path
}

// inArchive tells whether a request is for the archive, and for what in it.
func (a *places) inArchive(host string, p mirror.Path) (mirror.Path, bool) {
	if a.host != "" && p.Under(a.below) && a.named(host) {
		return p.Rel(a.below), true
	}
	if a.prefix != "" && p.Under(a.prefix) {
		return p.Rel(a.prefix), true
	}
	return p, false
}

// named tells whether a Host header means the archive's host, whatever its port: a client of http has not the one that
// https was configured with.
func (a *places) named(host string) bool {
	if colon := strings.LastIndexByte(host, ':'); colon > strings.LastIndexByte(host, ']') {
		host = host[:colon]
	}
	return strings.EqualFold(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"), a.host)
}

package redirect

import (
	"net/netip"
	"slices"
	"strings"

	"mirrorctl/mirror"
)

// Client is who asks, as the server's edge worked it out: behind trusted proxies, Addr and
// Scheme are those of the client, not of the proxy.
type Client struct {
	Addr   netip.Addr
	Scheme Scheme
}

// Want is what a Selector is asked for: hosts that hold a directory of an active release.
type Want struct {
	Client    Client
	Near      netip.Addr // where the answer is for: ip= of the query, else Client.Addr. Geography only
	Countries []string   // country= of the query, in its order; empty: not asked for
	Dir       mirror.Path
}

// Hosts is a Selector's answer.
type Hosts struct {
	List      []Host // best first: the order is the preference
	Notes     string // how they were found, for the list's comment line: "Using ASN 680 country = DE "
	ByAddress bool   // the answer depends on the client's address: no shared cache may keep it
}

// Host is one server that holds the directory asked for.
type Host struct {
	Country string   // two letters, upper case; "" where unknown
	Private bool     // not in the public list: shown as mm0:private in a metalink
	URLs    []string // of the directory, escaped, each ending in "/", in the order registered
}

// Selector chooses the hosts of active releases.
type Selector interface {
	// Select answers from memory: it runs within a request. Hosts without a URL are left out.
	Select(Want) Hosts
}

// ThisServer is the Selector of a site without mirror hosts: its public address alone.
type ThisServer struct {
	Targets *Targets
	Country string // where this server stands; Optional
}

var _ Selector = ThisServer{}

// Select answers with this server.
func (t ThisServer) Select(w Want) Hosts {
	h := t.Targets.public.host(w.Client.Scheme, w.Dir)
	h.Country = t.Country
	return Hosts{List: []Host{h}, Notes: everywhere}
}

// everywhere is the note of hosts that are everyone's.
const everywhere = "country = global "

// protocol is a URL's scheme, as protocol= spells it.
func protocol(url string) string {
	p, _, _ := strings.Cut(url, ":")
	return p
}

func isWeb(protocol string) bool { return protocol == "http" || protocol == "https" }

// web is the host's one http or https address for a client: in the scheme it came by where the
// host has that, else the other; "" where allowed leaves neither. Never both: yum keeps one URL
// of a host and may keep the wrong one, and an old client cannot use https.
func (h *Host) web(s Scheme, allowed []string) string {
	found := ""
	for _, u := range h.URLs {
		switch p := protocol(u); {
		case !isWeb(p) || !allows(allowed, p):
		case p == s.String():
			return u
		case found == "":
			found = u
		}
	}
	return found
}

// allows reports whether protocol= lets p through; an empty one lets everything through.
func allows(allowed []string, p string) bool {
	return len(allowed) == 0 || slices.Contains(allowed, p)
}

// fulfilled is allowed, or nil where no host at all speaks one of them: as mirrorlist-server does,
// a wish that nobody can fulfil is not a reason for an empty list.
func fulfilled(hosts []Host, allowed []string) []string {
	for _, h := range hosts {
		for _, u := range h.URLs {
			if slices.Contains(allowed, protocol(u)) {
				return allowed
			}
		}
	}
	return nil
}

package web

import (
	"net/http"
	"net/netip"
	"strings"
)

// Client is who asks, as far as can be believed.
type Client struct {
	Addr   netip.Addr // IPv4 as IPv4; invalid where the connection has no address, as on a unix socket
	Scheme string     // http or https, as the client came
}

// Proxies are the networks whose word on X-Forwarded-For and X-Forwarded-Proto is taken.
type Proxies []netip.Prefix

// maxForwarded bounds the X-Forwarded-For that is read, in bytes over all lines. Ten hops are 200.
const maxForwarded = 4 << 10

// Client tells who asks. Without a trusted proxy on the other end of the socket it is the socket's address. With one it is
// the right-most hop of X-Forwarded-For, all lines joined, that is not trusted itself: what stands
// left of it the client may have made up. Anything that is no address makes the whole header worthless.
func (p Proxies) Client(r *http.Request) Client {
	c := Client{Scheme: "http"}
	if r.TLS != nil {
		c.Scheme = "https"
	}
	if ap, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		c.Addr = ap.Addr().Unmap()
	}
	if len(p) == 0 || !p.trusts(c.Addr) {
		return c
	}
	if addr, ok := p.forwarded(r.Header["X-Forwarded-For"]); ok {
		c.Addr = addr
	}
	if lines := r.Header["X-Forwarded-Proto"]; len(lines) > 0 {
		last := lines[len(lines)-1]
		last = last[strings.LastIndexByte(last, ',')+1:]
		switch proto := strings.ToLower(strings.TrimSpace(last)); proto {
		case "http", "https":
			c.Scheme = proto
		}
	}
	return c
}

func (p Proxies) trusts(a netip.Addr) bool {
	for _, n := range p {
		if n.Contains(a) {
			return true
		}
	}
	return false
}

// forwarded finds the right-most untrusted hop; where all are trusted it is the left-most.
func (p Proxies) forwarded(lines []string) (addr netip.Addr, ok bool) {
	size := 0
	for _, line := range lines {
		size += len(line)
	}
	if size > maxForwarded {
		return addr, false
	}
	for i := len(lines) - 1; i >= 0; i-- {
		for rest := lines[i]; ; {
			comma := strings.LastIndexByte(rest, ',')
			hop, err := parseHop(strings.TrimSpace(rest[comma+1:]))
			if err != nil || hop.Zone() != "" {
				return netip.Addr{}, false
			}
			if addr, ok = hop.Unmap(), true; !p.trusts(addr) {
				return addr, true
			}
			if comma < 0 {
				break
			}
			rest = rest[:comma]
		}
	}
	return addr, ok
}

// parseHop reads an address, with a port or without: some balancers add it.
func parseHop(s string) (netip.Addr, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		return a, nil
	}
	ap, err := netip.ParseAddrPort(s)
	return ap.Addr(), err
}

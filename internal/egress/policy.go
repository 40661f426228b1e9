package egress

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
)

// ErrRefused is under every error that says: not sent, the target is not one we speak to.
var ErrRefused = errors.New("refused")

// Policy says which addresses may be spoken to: all that are public, and AllowPrivate.
type Policy struct {
	AllowPrivate []netip.Prefix
}

// special are the ranges that are not somebody's public address: IANA's registries of special-purpose addresses, and those
// of IPv6 that carry an IPv4 address, by which 10.0.0.1 has many names.
var special = prefixes(
	"0.0.0.0/8",       // this network; 0.0.0.0 connects to the machine itself
	"10.0.0.0/8",      // private
	"100.64.0.0/10",   // CGNAT
	"127.0.0.0/8",     // loopback
	"169.254.0.0/16",  // link-local: the metadata services of clouds
	"172.16.0.0/12",   // private
	"192.0.0.0/24",    // protocol assignments
	"192.0.2.0/24",    // documentation
	"192.88.99.0/24",  // 6to4 relays
	"192.168.0.0/16",  // private
	"198.18.0.0/15",   // benchmarks
	"198.51.100.0/24", // documentation
	"203.0.113.0/24",  // documentation
	"224.0.0.0/4",     // multicast
	"240.0.0.0/4",     // reserved, broadcast
	"2001::/23",       // protocol assignments; Teredo carries IPv4
	"2001:db8::/32",   // documentation
	"2002::/16",       // 6to4 carries IPv4
	"3fff::/20",       // documentation
)

// globalV6 is all that is assigned to the public; what is outside is loopback, mapped, NAT64, unique local,
// link-local, site-local, multicast or nobody's.
var globalV6 = netip.MustParsePrefix("2000::/3")

// Check reports, as an ErrRefused, that a may not be spoken to.
func (p Policy) Check(a netip.Addr) error {
	bare := a.WithZone("")
	for _, allowed := range p.AllowPrivate {
		if allowed.Contains(bare) {
			return nil
		}
	}
	refused := !a.IsValid() || (a.Is6() && !globalV6.Contains(bare)) ||
		slices.ContainsFunc(special, func(s netip.Prefix) bool { return s.Contains(bare) })
	if refused {
		return fmt.Errorf("%w: %s is not a public address; list it in allow_private if it is meant", ErrRefused, a)
	}
	return nil
}

func prefixes(all ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(all))
	for i, s := range all {
		out[i] = netip.MustParsePrefix(s)
	}
	return out
}

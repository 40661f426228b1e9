package egress

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"time"
)

// Resolver turns a name into its addresses. *net.Resolver is one; tests have one whose answers change.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

const patience = 10 * time.Second // for a name, a connection, a handshake, the head of an answer

type dialer struct {
	policy   Policy
	resolver Resolver
}

// dial connects to host:port: resolve, refuse, dial what was checked.
func (d *dialer) dial(ctx context.Context, network, hostport string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(hostport)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	addrs, err := d.resolve(ctx, host)
	if err != nil {
		return nil, err
	}
	// An address that swallows packets leaves the next one its share of the time.
	pinned := net.Dialer{Control: d.control, Timeout: patience / time.Duration(len(addrs))}
	for _, a := range addrs {
		var conn net.Conn
		if conn, err = pinned.DialContext(ctx, network, net.JoinHostPort(a.String(), port)); err == nil {
			return conn, nil
		}
	}
	return nil, err
}

// resolve returns the addresses of host, all of them checked. One that is refused refuses the name: who mixes public and
// private addresses waits for the client that takes the next one.
func (d *dialer) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	addrs := []netip.Addr{}
	if a, err := netip.ParseAddr(host); err == nil {
		addrs = append(addrs, a)
	} else if looksNumeric(host) {
		// 0177.1, 0x7f000001, 2130706433: a C library's resolver reads these as addresses, others ask the network.
		return nil, fmt.Errorf("%w: host %q is a number, but no address", ErrRefused, host)
	} else if addrs, err = d.resolver.LookupNetIP(ctx, "ip", host); err != nil {
		return nil, fmt.Errorf("resolve %q: %w", host, err)
	}
	if len(addrs) == 0 {
		return nil, fmt.Errorf("resolve %q: no address", host)
	}
	for i, a := range addrs {
		if a.Is4In6() && a.Zone() == "" && !strings.Contains(host, ":") {
			a = a.Unmap() // resolvers hand out IPv4 in either form; a literal is taken at its word
			addrs[i] = a
		}
		if err := d.policy.Check(a); err != nil {
			return nil, fmt.Errorf("host %q: %w", host, err)
		}
	}
	return addrs, nil
}

// control is asked by the dialer when the socket exists and before it connects: the last word.
func (d *dialer) control(_, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: %q", ErrRefused, address)
	}
	return d.policy.Check(ap.Addr())
}

// looksNumeric reports whether the last label of host is a number in any base: no name of the DNS ends so.
func looksNumeric(host string) bool {
	label := strings.TrimSuffix(host, ".")
	label = label[strings.LastIndexByte(label, '.')+1:]
	if rest, ok := strings.CutPrefix(strings.ToLower(label), "0x"); ok {
		return strings.Trim(rest, "0123456789abcdef") == ""
	}
	return strings.Trim(label, "0123456789") == ""
}

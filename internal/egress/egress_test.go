package egress

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// names is a resolver whose answers are given; each question takes the next one and stays with the last.
type names struct {
	answers map[string][][]netip.Addr
	asked   atomic.Int64
}

func (n *names) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	n.asked.Add(1)
	host = strings.TrimSuffix(host, ".")
	all := n.answers[host]
	if len(all) == 0 {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	if len(all) > 1 {
		n.answers[host] = all[1:]
	}
	return all[0], nil
}

func addrs(all ...string) []netip.Addr {
	out := make([]netip.Addr, len(all))
	for i, s := range all {
		out[i] = netip.MustParseAddr(s)
	}
	return out
}

// counted is a server on every loopback address of the machine that counts the connections it is given.
func counted(t *testing.T, h http.Handler) (port string, connections *atomic.Int64) {
	t.Helper()
	connections = new(atomic.Int64)
	l, err := net.Listen("tcp", ":0") // 0.0.0.0 and [::], so that every spelling of this machine would arrive
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: h, ReadHeaderTimeout: time.Second, ConnState: func(_ net.Conn, st http.ConnState) {
		if st == http.StateNew {
			connections.Add(1)
		}
	}}
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return port, connections
}

// forbidden spells addresses that are not public, as literals and as names.
func forbidden() (hosts []string, resolve map[string][][]netip.Addr) {
	private := []string{
		"127.0.0.1", "127.0.0.2", "127.1.2.3", "127.255.255.254", "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255",
		"172.16.0.1", "172.31.255.254", "192.168.0.1", "192.168.255.254", "169.254.169.254", "169.254.0.1", "100.64.0.1",
		"100.127.255.254", "192.0.0.1", "192.0.0.170", "192.0.2.1", "198.51.100.7", "203.0.113.9", "198.18.0.1", "198.19.255.254",
		"192.88.99.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
		"::", "::1", "::127.0.0.1", "::10.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:8.8.8.8",
		"::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a00:1", "100::1", "2001::1", "2001:0:7f00:1::1",
		"2001:10::1", "2001:20::1", "2001:db8::1", "2002:7f00:1::1", "2002:a9fe:a9fe::1", "2002:c0a8:101::1", "3fff::1", "fc00::1",
		"fd00::1", "fd00:ec2::254", "fdff:ffff::1", "fe80::1", "fe80::1%lo", "febf::1", "fec0::1", "ff02::1", "ff05::2", "5f00::1", "4000::1",
	}
	resolve = map[string][][]netip.Addr{}
	for i, p := range private {
		a := netip.MustParseAddr(p)
		if a.Is6() {
			hosts = append(hosts, "["+strings.Replace(p, "%", "%25", 1)+"]")
		} else {
			hosts = append(hosts, p)
		}
		if p == "::ffff:8.8.8.8" {
			continue // as the answer of a resolver it is 8.8.8.8
		}
		name := fmt.Sprintf("private-%d.example", i)
		resolve[name] = [][]netip.Addr{{a}}
		// A public address beside it must not help.
		mixed := fmt.Sprintf("mixed-%d.example", i)
		resolve[mixed] = [][]netip.Addr{{netip.MustParseAddr("8.8.8.8"), a}}
		hosts = append(hosts, name, mixed)
	}
	// Spellings that some C library, browser or proxy reads as 127.0.0.1, 10.0.0.1 or 169.254.169.254.
	hosts = append(hosts,
		"0177.0.0.1", "0177.0.0.01", "0x7f.0.0.1", "0x7f.0x0.0x0.0x1", "0x7f000001", "0X7F000001", "2130706433", "017700000001", "127.1", "127.0.1",
		"127.0.0.01", "127.0.0.001", "0127.0.0.1", "00.0.0.0", "0", "0x0", "0.0", "10.1", "012.0.0.1", "0xa.0.0.1", "167772161", "0xa000001",
		"0xa9fea9fe", "2852039166", "0251.0376.0251.0376", "0xa9.0xfe.0xa9.0xfe", "169.254.43518", "169.16689662", "4294967295", "4294967297", "127.0.0.1.",
		"0x7f.1", "0x7F.1.", "127.0.0.0x1", "1.0x7f000001", "192.168.1", "192.168.257", "0300.0250.0.1", "3232235521", "127.0.0.256", "1.2.3.4.5",
	)
	return hosts, resolve
}

// No connection is made to what is not public, however it is spelt, and no question is asked about a number.
func TestForbiddenTargets(t *testing.T) {
	port, connections := counted(t, http.NotFoundHandler())
	hosts, answers := forbidden()
	resolver := &names{answers: answers}
	c := NewWith(Policy{}, resolver)
	defer c.Close()
	var dialled atomic.Int64
	c.http.Transport.(*http.Transport).DialContext = watch(&dialer{Policy{}, resolver}, &dialled)
	tried := 0
	for _, h := range hosts {
		tried++
		u, err := url.Parse("http://" + h + ":" + port + "/")
		if err != nil {
			continue // no such URL: nothing to dial
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
		if err == nil {
			var resp *http.Response
			if resp, err = c.Do(r, 1000); err == nil {
				resp.Body.Close()
				t.Errorf("%s answered", h)
			} else if !errors.Is(err, ErrRefused) {
				t.Errorf("%s: %v, want a refusal", h, err)
			}
		}
		cancel()
	}
	for _, s := range []string{
		"file:///etc/passwd", "ftp://8.8.8.8/", "gopher://127.0.0.1:6379/", "http:///x", "http://user:pw@8.8.8.8/", "http://8.8.8.8@127.0.0.1/",
		"unix:///run/docker.sock", "//127.0.0.1/", "HTTP+UNIX://x/", "javascript:1", "data:,x", "dict://127.0.0.1:11211/",
	} {
		tried++
		u, err := url.Parse(s)
		if err != nil {
			t.Fatal(err)
		}
		if resp, err := c.Do((&http.Request{Method: http.MethodGet, URL: u}).WithContext(t.Context()), 1000); err == nil {
			resp.Body.Close()
			t.Errorf("%s answered", s)
		} else if !errors.Is(err, ErrRefused) {
			t.Errorf("%s: %v, want a refusal", s, err)
		}
	}
	if tried < 200 {
		t.Errorf("%d targets, want 200", tried)
	}
	if n := connections.Load(); n != 0 {
		t.Errorf("%d connections arrived", n)
	}
	if n := dialled.Load(); n != 0 {
		t.Errorf("%d connections were made somewhere", n)
	}
	t.Logf("%d targets, %d connections", tried, connections.Load())
}

// watch counts the connections that a dialer makes, to wherever.
func watch(d *dialer, n *atomic.Int64) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := d.dial(ctx, network, address)
		if err == nil {
			n.Add(1)
		}
		return conn, err
	}
}

// A server that may be reached redirects to ones that may not.
func TestForbiddenRedirects(t *testing.T) {
	inner, connections := counted(t, http.NotFoundHandler())
	hosts, answers := forbidden()
	answers["allowed.example"] = [][]netip.Addr{addrs("127.0.0.5")}
	var target string
	outer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", target)
		w.WriteHeader(http.StatusFound)
	})
	l, err := net.Listen("tcp", "127.0.0.5:0")
	if err != nil {
		t.Skip("no second loopback address: ", err)
	}
	s := &http.Server{Handler: outer, ReadHeaderTimeout: time.Second}
	go s.Serve(l)
	defer s.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	c := NewWith(Policy{AllowPrivate: []netip.Prefix{netip.MustParsePrefix("127.0.0.5/32")}}, &names{answers: answers})
	defer c.Close()
	targets := []string{"file:///etc/passwd", "gopher://127.0.0.1/", "http://u:p@allowed.example/"}
	for _, h := range hosts {
		targets = append(targets, "http://"+h+":"+inner+"/")
	}
	for _, target = range targets {
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://allowed.example:"+port+"/", nil)
		if resp, err := c.Do(r, 1000); err == nil {
			resp.Body.Close()
			t.Errorf("redirect to %s was followed", target)
		}
	}
	if n := connections.Load(); n != 0 {
		t.Errorf("%d connections arrived", n)
	}
}

// A name that is public when it is asked first and private afterwards is resolved once, and the socket is asked again.
func TestRebinding(t *testing.T) {
	port, connections := counted(t, http.NotFoundHandler())
	resolver := &names{answers: map[string][][]netip.Addr{"rebind.example": {addrs("127.0.0.5"), addrs("127.0.0.1")}}}
	d := &dialer{Policy{AllowPrivate: []netip.Prefix{netip.MustParsePrefix("127.0.0.5/32")}}, resolver}
	got, err := d.resolve(t.Context(), "rebind.example")
	if err != nil || len(got) != 1 {
		t.Fatal(got, err)
	}
	if n := resolver.asked.Load(); n != 1 {
		t.Errorf("asked %d times", n)
	}
	if conn, err := d.dial(t.Context(), "tcp", "rebind.example:"+port); err == nil {
		conn.Close()
		t.Error("the second answer was dialled")
	}
	// The last word is the socket's, even where everything before it was fooled.
	pinned := net.Dialer{Control: d.control}
	if conn, err := pinned.DialContext(t.Context(), "tcp", "127.0.0.1:"+port); err == nil {
		conn.Close()
		t.Error("the socket connected to an address that was not checked")
	} else if !errors.Is(err, ErrRefused) {
		t.Error(err)
	}
	if connections.Load() != 0 {
		t.Error("a connection arrived")
	}
}

func TestPublicAddressesPass(t *testing.T) {
	for _, s := range []string{"8.8.8.8", "1.1.1.1", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1", "192.167.1.1", "223.255.255.1", "2a01:4f8::1", "2606:4700::1111", "2001:200::1"} {
		if err := (Policy{}).Check(netip.MustParseAddr(s)); err != nil {
			t.Error(err)
		}
	}
}

func private(t *testing.T, h http.Handler) (*Client, string) {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	c := New(Policy{AllowPrivate: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	t.Cleanup(c.Close)
	return c, s.URL
}

func get(t *testing.T, c *Client, url string, max int64) (string, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.Do(r, max)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return string(b), err
}

func TestRedirectsEnd(t *testing.T) {
	mux := http.NewServeMux()
	for i := range 9 {
		mux.Handle(fmt.Sprintf("/%d", i+1), http.RedirectHandler(fmt.Sprintf("/%d", i), http.StatusFound))
	}
	mux.HandleFunc("/0", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "end") })
	c, base := private(t, mux)
	if got, err := get(t, c, base+"/3", 100); err != nil || got != "end" {
		t.Errorf("3 redirects: %q, %v", got, err)
	}
	if _, err := get(t, c, base+"/4", 100); !errors.Is(err, ErrRefused) {
		t.Errorf("4 redirects: %v", err)
	}
}

func TestSize(t *testing.T) {
	c, base := private(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/said" {
			w.Header().Set("Content-Length", "11")
		}
		w.(http.Flusher).Flush() // else the length is known and said
		io.WriteString(w, "01234567890")
	}))
	for _, path := range []string{"/said", "/chunked"} {
		if _, err := get(t, c, base+path, 10); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: %v", path, err)
		}
		if got, err := get(t, c, base+path, 11); err != nil || got != "01234567890" {
			t.Errorf("%s: %q, %v", path, got, err)
		}
	}
}

// A server that trickles, and one that says nothing more, are dropped.
func TestSlow(t *testing.T) {
	quit := make(chan struct{})
	c, base := private(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for range 200 {
			if r.URL.Path == "/trickle" {
				io.WriteString(w, "x")
			}
			w.(http.Flusher).Flush()
			select {
			case <-quit:
				return
			case <-r.Context().Done():
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}))
	defer close(quit)
	c.pace = pace{200 * time.Millisecond, 1000}
	for _, path := range []string{"/trickle", "/silent"} {
		start := time.Now()
		_, err := get(t, c, base+path, 1<<20)
		if !errors.Is(err, ErrSlow) {
			t.Errorf("%s: %v", path, err)
		}
		if took := time.Since(start); took > 3*time.Second {
			t.Errorf("%s: dropped after %v", path, took)
		}
	}
}

// A proxy of the environment would be asked to dial what we may not.
func TestNoProxy(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	t.Setenv("http_proxy", "http://127.0.0.1:1")
	if New(Policy{}).http.Transport.(*http.Transport).Proxy != nil {
		t.Error("the transport has a proxy")
	}
}

func FuzzCheck(f *testing.F) {
	hosts, _ := forbidden()
	for _, h := range hosts {
		f.Add(h)
	}
	resolver := &names{}
	d := &dialer{Policy{}, resolver}
	f.Fuzz(func(t *testing.T, host string) {
		got, err := d.resolve(t.Context(), host)
		if err != nil {
			return
		}
		for _, a := range got {
			if !a.IsGlobalUnicast() || a.IsPrivate() || a.Is4In6() {
				t.Errorf("%q: %s may be dialled", host, a)
			}
		}
	})
}

package queue

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"mirrorctl/internal/durable"
)

// embedded is the server inside this process. Two of them on one directory would each write over the other: lock is
// held as long as it runs.
type embedded struct {
	*server.Server
	lock   *os.File
	secret string // the hub's own, anew in each process
	listen bool
}

// hubName is the user that the hub is to its own server; no builder may be called so, since names of builders have no colon.
const hubName = ":hub"

const maxConns = 1000

func serve(c Config) (_ *embedded, err error) {
	if c.Dir == "" {
		return nil, errors.New("no directory: set one, or the URL of a cluster")
	}
	if err := durable.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, err
	}
	lock, err := os.OpenFile(filepath.Join(c.Dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			lock.Close()
		}
	}()
	if err := durable.Flock(lock); err != nil {
		return nil, fmt.Errorf("another hub runs on it: %w", err)
	}
	e := &embedded{lock: lock, secret: rand.Text(), listen: c.Listen != ""}
	o := &server.Options{
		ServerName: "mirrorctl",
		DontListen: !e.listen,
		JetStream:  true, StoreDir: c.Dir, SyncAlways: true,
		NoSigs: true, NoLog: c.Log == nil,
		MaxPayload: 2 << 20, MaxConn: maxConns, MaxSubs: 1000,
		JetStreamMaxStore: 16 << 30, JetStreamMaxMemory: 64 << 20,
		CustomClientAuthentication: gatekeeper{e.secret, c.Keys},
		TLSConfig:                  c.TLS,
		TLSTimeout:                 5,
		LameDuckDuration:           time.Second, LameDuckGracePeriod: time.Millisecond,
	}
	if e.listen {
		if c.Keys == nil {
			return nil, errors.New("a listener without keys of builders would let anyone in")
		}
		host, port, err := net.SplitHostPort(c.Listen)
		if err != nil {
			return nil, fmt.Errorf("listen on %q: %w", c.Listen, err)
		}
		o.Host = host
		if o.Port, err = strconv.Atoi(port); err != nil {
			return nil, fmt.Errorf("listen on %q: %w", c.Listen, err)
		}
		if o.Port == 0 {
			o.Port = server.RANDOM_PORT
		}
	}
	if e.Server, err = server.NewServer(o); err != nil {
		return nil, err
	}
	if c.Log != nil {
		e.SetLoggerV2(logger{c.Log}, false, false, false)
	}
	e.Start()
	if !e.ReadyForConnections(30 * time.Second) {
		e.Shutdown()
		e.WaitForShutdown()
		return nil, errors.New("the server did not become ready in 30 s: its log says why")
	}
	return e, nil
}

func (e *embedded) connect(log *slog.Logger) (*nats.Conn, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return nats.Connect("", nats.InProcessServer(e.Server), nats.UserInfo(hubName, e.secret),
		nats.Name("hub"), nats.MaxReconnects(-1), nats.ReconnectWait(100*time.Millisecond),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { log.Warn("queue", "error", err) }))
}

func (e *embedded) url() string {
	if !e.listen {
		return ""
	}
	return e.ClientURL()
}

func (e *embedded) close() error {
	e.Shutdown()
	e.WaitForShutdown()
	return e.lock.Close()
}

// gatekeeper lets in the hub, and builders with what is theirs.
type gatekeeper struct {
	secret string
	keys   Keys
}

// Check is server.Authentication.
func (g gatekeeper) Check(c server.ClientAuthentication) bool {
	o := c.GetOpts()
	if o.Username == hubName {
		if subtle.ConstantTimeCompare([]byte(o.Password), []byte(g.secret)) != 1 {
			return false
		}
		c.RegisterUser(&server.User{Username: hubName})
		return true
	}
	if g.keys == nil {
		return false
	}
	arches, ok := g.keys.Check(o.Username, o.Password)
	if !ok {
		return false
	}
	publish, subscribe := Permissions(o.Username, arches)
	c.RegisterUser(&server.User{Username: o.Username, Permissions: &server.Permissions{
		Publish:   &server.SubjectPermission{Allow: publish},
		Subscribe: &server.SubjectPermission{Allow: subscribe},
	}})
	return true
}

package queue

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"
)

// DialConfig says where a builder takes its tasks.
type DialConfig struct {
	URL         string
	Name, Token string
	Credentials string // a .creds file instead, for a cluster
	Arches      []string
	TLS         *tls.Config
	Log         *slog.Logger
}

// Dial connects a builder of another process or machine. A queue that is not there yet is waited for, and one that goes
// away is found again.
func Dial(ctx context.Context, c DialConfig) (*Tasks, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	conn, err := dial(c, c.Name)
	if err != nil {
		return nil, fmt.Errorf("connect to the queue at %s: %w", c.URL, err)
	}
	t, err := newTasks(conn, c.Arches, c.Log)
	if err != nil {
		conn.Close()
		return nil, err
	}
	t.own = true
	return t, nil
}

func dial(c DialConfig, name string) (*nats.Conn, error) {
	log := c.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler) // the library would print on stderr
	}
	o := []nats.Option{
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) { log.Warn("queue lost", "error", err) }),
		nats.ReconnectHandler(func(conn *nats.Conn) { log.Info("queue found", "url", conn.ConnectedUrlRedacted()) }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { log.Warn("queue", "error", err) }),
		nats.Name(name), nats.CustomInboxPrefix(inbox(name)),
		nats.MaxReconnects(-1), nats.ReconnectWait(200 * time.Millisecond), nats.RetryOnFailedConnect(true),
		nats.PingInterval(5 * time.Second), nats.MaxPingsOutstanding(2), // a peer that vanished is noticed in 15 s
		// What cannot be said now is not said later, when it is no longer true.
		nats.ReconnectBufSize(-1),
		// A hub without its keys for a moment, or a token that is yet to be added, is no reason to give up.
		nats.IgnoreAuthErrorAbort(),
	}
	if c.Token != "" {
		o = append(o, nats.UserInfo(c.Name, c.Token))
	}
	if c.Credentials != "" {
		o = append(o, nats.UserCredentials(c.Credentials))
	}
	if c.TLS != nil {
		o = append(o, nats.Secure(c.TLS))
	}
	return nats.Connect(c.URL, o...)
}

// Tasks hands out tasks to a builder in this process.
func (q *Queue) Tasks(arches []string) (*Tasks, error) { return newTasks(q.conn, arches, q.log) }

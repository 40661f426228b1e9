package queue

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Config says which JetStream. Dir or URL is required.
type Config struct {
	// Dir is where the server inside this process keeps its files; it is locked while it runs.
	Dir string
	// Listen is host:port for builders on other machines. Optional: without it there is no listener. Keys is then required, and
	// TLS wherever the network is not trusted: builders send their tokens.
	Listen string
	TLS    *tls.Config // of the listener, or of the connection to URL. Optional
	Keys   Keys

	// URL is a cluster elsewhere; Dir, Listen and Keys are then not used, and who may do what is the cluster's to say: see
	// Permissions. Credentials is its .creds file. Optional.
	URL         string
	Credentials string
	Replicas    int // of stream and bucket in the cluster; 0 is one

	// AckWait is after how long without a sign of life a task is given to another builder; 0 is 30 s.
	AckWait time.Duration
	Log     *slog.Logger
}

// Keys knows builders by name and token. copr/dock keeps them.
type Keys interface {
	// Check returns the architectures that the builder may build for; false where name and token are not of one.
	Check(name, token string) (arches []string, ok bool)
}

// Queue is an open queue.
type Queue struct {
	server *embedded // nil: a cluster elsewhere
	conn   *nats.Conn
	js     jetstream.JetStream
	tasks  jetstream.Stream
	ledger *Ledger
	log    *slog.Logger
}

// Open starts or connects to JetStream, makes what is missing there, and reads all records.
func Open(ctx context.Context, c Config) (_ *Queue, err error) {
	q := &Queue{log: c.Log}
	defer func() {
		if err != nil {
			q.Close()
		}
	}()
	if c.URL == "" {
		if q.server, err = serve(c); err != nil {
			return nil, fmt.Errorf("start the queue in %s: %w", c.Dir, err)
		}
		q.conn, err = q.server.connect(c.Log)
	} else {
		q.conn, err = dial(DialConfig{URL: c.URL, Credentials: c.Credentials, TLS: c.TLS, Log: c.Log}, "hub")
	}
	if err != nil {
		return nil, fmt.Errorf("connect to the queue: %w", err)
	}
	if q.js, err = jetstream.New(q.conn); err != nil {
		return nil, fmt.Errorf("open the queue: %w", err)
	}
	if q.tasks, err = openStream(ctx, q.js, cmp.Or(c.AckWait, 30*time.Second), max(c.Replicas, 1)); err != nil {
		return nil, fmt.Errorf("open the stream of tasks: %w", err)
	}
	if q.ledger, err = openLedger(ctx, q.js, max(c.Replicas, 1), c.Log); err != nil {
		return nil, fmt.Errorf("open the records of builds: %w", err)
	}
	return q, nil
}

// Close ends the connection and the server inside this process.
func (q *Queue) Close() error {
	if q.ledger != nil {
		q.ledger.close()
	}
	if q.conn != nil {
		q.conn.Close()
	}
	if q.server != nil {
		return q.server.close()
	}
	return nil
}

// URL is where builders connect; "" where they cannot.
func (q *Queue) URL() string {
	if q.server == nil {
		return q.conn.ConnectedUrlRedacted()
	}
	return q.server.url()
}

// Ledger is the records of builds.
func (q *Queue) Ledger() *Ledger { return q.ledger }

// Ready reports why the queue cannot be asked just now; nil where it can.
func (q *Queue) Ready() error {
	if !q.conn.IsConnected() {
		return errors.New("the queue is not connected: " + q.conn.Status().String())
	}
	return nil
}

package s3store

import (
	"context"
	"net"
	"net/http"
	"time"
)

// stall is how long a connection may move no byte, and a server may think, before it counts as lost.
const stall = 2 * time.Minute

// transport never goes through a proxy of the environment: requests are signed with the archive's keys.
func transport() *http.Transport {
	dialer := &net.Dialer{Timeout: 10 * time.Second}
	return &http.Transport{
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			c, err := dialer.DialContext(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			return rolling{c}, nil
		},
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: stall,
		ExpectContinueTimeout: time.Second,
		IdleConnTimeout:       stall / 2, // before rolling's deadline does it
		MaxIdleConnsPerHost:   64,
		DisableCompression:    true, // bytes are wanted as they are stored
	}
}

// rolling is a connection whose every read and write has a deadline of its own: a body of an
// hour is fine, a silence is not.
type rolling struct{ net.Conn }

func (c rolling) Read(p []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(stall)); err != nil {
		return 0, err
	}
	return c.Conn.Read(p)
}

func (c rolling) Write(p []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(stall)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

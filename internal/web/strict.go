package web

import (
	"bytes"
	"errors"
	"net"
)

// tcpConn is a TCP connection that reads strictly. It embeds the connection, so that what net/http
// looks for on it (ReadFrom, which is sendfile) is still there.
//
// net/http takes a bare LF for the end of a header line; a proxy in front may not, and then the two
// disagree on where a request ends, which is how requests are smuggled. So the bytes of
// request heads are looked at as they pass, and a bare LF ends the connection.
type tcpConn struct {
	*net.TCPConn
	cr      bool // the byte before was a CR
	line    int  // bytes of this line so far, without its end
	first   [4]byte
	onFirst bool // within the request line
	begun   bool
	bad     bool // for good: textproto forgets an error that it meets while it peeks at the next line
	passive bool // a request that may have a body came by: its bytes are not ours to judge
}

var errBareLF = errors.New("bare LF in a request head")

// Read reads from the connection and refuses bare LFs.
func (c *tcpConn) Read(p []byte) (int, error) {
	if c.bad {
		return 0, errBareLF
	}
	n, err := c.TCPConn.Read(p)
	if n > 0 && !c.passive && !c.scan(p[:n]) {
		c.bad = true
		return 0, errBareLF
	}
	return n, err
}

// scan follows the lines of request heads. GET and HEAD have no body here (CheckMethod refuses one), so that
// head follows head; behind the head of any other request it stops looking.
func (c *tcpConn) scan(p []byte) bool {
	for len(p) > 0 {
		if !c.begun {
			c.begun, c.onFirst, c.line, c.cr = true, true, 0, false
		}
		i := bytes.IndexByte(p, '\n')
		part := p
		if i >= 0 {
			part = p[:i]
		}
		if c.onFirst && c.line < len(c.first) {
			copy(c.first[c.line:], part)
		}
		c.line += len(part)
		if len(part) > 0 {
			c.cr = part[len(part)-1] == '\r'
		}
		if i < 0 {
			return true
		}
		if !c.cr {
			return false
		}
		empty := c.line == 1 // the CR alone
		c.line, c.cr = 0, false
		p = p[i+1:]
		switch {
		case empty && c.onFirst: // an empty line in front of a request: net/http refuses it
		case empty:
			c.begun = false
			if c.first != [4]byte{'G', 'E', 'T', ' '} && c.first != [4]byte{'H', 'E', 'A', 'D'} {
				c.passive = true
				return true
			}
		default:
			c.onFirst = false
		}
	}
	return true
}

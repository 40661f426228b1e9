package sandbox

import (
	"bytes"
	"fmt"
	"io"
	"sync"
)

// cut passes output on up to a limit, and keeps its last line. A writer that fails is written to no more: the command
// shall not block on it.
type cut struct {
	w     io.Writer
	left  int64
	limit int64

	mu   sync.Mutex
	tail []byte
	done bool
}

const tailSize = 2048

func (c *cut) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := len(p)
	c.tail = append(c.tail, p[max(0, n-tailSize):]...)
	c.tail = c.tail[max(0, len(c.tail)-tailSize):]
	if c.w == nil || c.done {
		return n, nil
	}
	if int64(n) > c.left {
		c.done = true
		p = fmt.Appendf(p[:c.left:c.left], "\n[output cut: over the limit of %d bytes]\n", c.limit)
	}
	c.left -= int64(n)
	if _, err := c.w.Write(p); err != nil {
		c.done = true
	}
	return n, nil
}

// lastLine is the last line with anything in it.
func (c *cut) lastLine() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	lines := bytes.Split(bytes.TrimSpace(c.tail), []byte("\n"))
	return string(bytes.ToValidUTF8(lines[len(lines)-1], nil))
}

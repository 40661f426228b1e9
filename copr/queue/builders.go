package queue

import (
	"fmt"
	"strings"

	"github.com/nats-io/nats-server/v2/server"
)

// Builders counts, by architecture, the builders that are connected: those that wait for its tasks or work on them. ok is
// false for a cluster elsewhere, which does not tell.
func (q *Queue) Builders() (by map[string]int, ok bool, err error) {
	if q.server == nil {
		return nil, false, nil
	}
	// Every builder listens for stops of its architectures as long as it is there.
	conns, err := q.server.Connz(&server.ConnzOptions{Subscriptions: true, Limit: maxConns})
	if err != nil {
		return nil, false, fmt.Errorf("list the connections of the queue: %w", err)
	}
	by = map[string]int{}
	for _, c := range conns.Conns {
		for _, subject := range c.Subs {
			if arch, found := strings.CutPrefix(subject, "copr.stop."); found {
				by[strings.TrimSuffix(arch, ".>")]++
			}
		}
	}
	return by, true, nil
}

package mirror

import (
	"context"
	"time"
)

// Follower is a running server's word on how far it follows the state document. An
// archiver waits for every live follower before it moves anything out of the root.
type Follower struct {
	ID         string    `json:"id"`         // host and pid
	Generation uint64    `json:"generation"` // of the document that every new request sees
	Seen       time.Time `json:"seen"`       // when this was written
	// Archive is the address under which this server answers for the archive: its configuration may have
	// been overridden when it was started. Empty where it does not.
	Archive string `json:"archive,omitempty"`
	// LastRoot is when a request was last answered from the root, per release, by this server.
	LastRoot map[Release]time.Time `json:"last_root,omitempty"`
}

// FollowerTTL is how long a follower's word counts: one that is older is taken for dead.
const FollowerTTL = 15 * time.Second

// Followers keeps what running servers say. It stands beside the state document.
type Followers interface {
	// Announce stores f under f.ID, replacing what it said before. Servers call it when
	// their generation moves and every few seconds.
	Announce(ctx context.Context, f Follower) error
	// Withdraw forgets id: its server has ended.
	Withdraw(ctx context.Context, id string) error
	// Followers lists those seen within FollowerTTL.
	Followers(ctx context.Context) ([]Follower, error)
}

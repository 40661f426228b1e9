package forge

import (
	"context"

	"mirrorctl/copr"
	"mirrorctl/copr/hub"
	"mirrorctl/copr/queue"
)

// orders are what operators may ask for: the hub decides on them, and the queue tells builders.
type orders struct {
	*hub.Hub
	queue *queue.Queue
}

// records is the ledger for those who want values.
type records struct{ *queue.Ledger }

// Get implements results.Ledger.
func (r records) Get(ctx context.Context, id uint64) (copr.Build, error) {
	b, err := r.Ledger.Get(ctx, id)
	if err != nil {
		return copr.Build{}, err
	}
	return *b, nil
}

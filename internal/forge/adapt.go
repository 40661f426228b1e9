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

// Cancel implements console.Hub and, for those who come over HTTP, frontend.Hub: the builders hear of it at once.
func (o orders) Cancel(ctx context.Context, id uint64, who string) (*copr.Build, error) {
	b, err := o.Hub.Cancel(ctx, id, who)
	if err != nil {
		return nil, err
	}
	var canceled []copr.BuildChroot
	for _, c := range b.Chroots {
		if c.State == copr.Canceled {
			canceled = append(canceled, c)
		}
	}
	// The record stands: a builder that is not told now learns it with its next word.
	if err := o.queue.Withdraw(ctx, id, canceled); err != nil {
		o.Log.WarnContext(ctx, "builders were not told of a cancel", "build", id, "error", err)
	}
	return b, nil
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

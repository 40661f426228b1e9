package forge

import (
	"log/slog"

	"mirrorctl/copr"
	"mirrorctl/copr/notify"
	"mirrorctl/copr/queue"
	"mirrorctl/internal/config"
	"mirrorctl/internal/egress"
)

// newNotifier makes what tells webhooks of builds.
func newNotifier(cfg *config.Config, p places, ledger *queue.Ledger, log *slog.Logger) (*notify.Notifier, error) {
	var hooks []notify.Hook
	for _, w := range cfg.Copr.Webhooks {
		h := notify.Hook{URL: w.URL, Text: w.Format == "text", SecretFile: w.SecretFile}
		for _, e := range w.Events {
			h.Events = append(h.Events, copr.State(e))
		}
		hooks = append(hooks, h)
	}
	return notify.Open(notify.Options{
		Dir: p.at("webhooks"), Hooks: hooks, Builds: ledger, Public: cfg.PublicURL.URL(), Log: log,
		Client: egress.New(egress.Policy{AllowPrivate: cfg.Copr.AllowPrivate}),
	})
}

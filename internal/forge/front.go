package forge

import (
	"context"
	"net/http"
	"strings"

	"mirrorctl/copr"
	"mirrorctl/copr/dock"
	"mirrorctl/copr/frontend"
	"mirrorctl/copr/token"
	"mirrorctl/internal/config"
	"mirrorctl/internal/web"
)

// Tokens is the file of those who may submit builds over HTTP.
func Tokens(cfg *config.Config) string { return places{Dir(cfg.State)}.at("tokens.json") }

// front makes what clients are answered by.
func (f *Forge) front() error {
	tokens, err := token.Open(Tokens(f.cfg), nil)
	if err != nil {
		return err
	}
	f.frontend = frontend.New(frontend.Options{
		PublicURL: f.cfg.PublicURL.URL(), Hub: clients{orders{f.hub, f.queue}}, Ledger: records{f.queue.Ledger()}, Trees: f.site, Tokens: tokens,
		Uploads: f.places.uploads(),
	})
	f.builders = &dock.Handler{Dock: f.dock, Keys: f.keys}
	return nil
}

// Prefixes are the paths that Serve answers.
var Prefixes = append([]string{buildersPrefix}, frontend.Prefixes...)

// buildersPrefix is where builders on other machines ask.
const buildersPrefix = "/builder/"

// Serve answers clients of the hub and builders elsewhere, below Prefixes.
func (f *Forge) Serve(w http.ResponseWriter, r *http.Request) error {
	if strings.HasPrefix(r.URL.Path, buildersPrefix) {
		return f.builders.Serve(w, r)
	}
	return f.frontend.Serve(w, r)
}

// Results answers what lies below /results/: next does, but for the other names of a chroot.
func (f *Forge) Results(next web.Handler) web.Handler { return f.frontend.Results(next) }

// clients are the orders that come over HTTP.
type clients struct{ orders }

// Submit implements frontend.Hub.
func (c clients) Submit(ctx context.Context, o copr.Order) (copr.Build, error) {
	return value(c.Hub.Submit(ctx, o))
}

// Cancel implements frontend.Hub.
func (c clients) Cancel(ctx context.Context, id uint64, who string) (copr.Build, error) {
	return value(c.orders.Cancel(ctx, id, who))
}

func value(b *copr.Build, err error) (copr.Build, error) {
	if err != nil {
		return copr.Build{}, err
	}
	return *b, nil
}

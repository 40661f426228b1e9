package frontend

import (
	"context"
	"io"
	"net/url"
	"time"

	"mirrorctl/copr"
	"mirrorctl/mirror"
)

// Hub takes orders. Errors wrap copr.ErrRefused, or fs.ErrNotExist for what is not declared or recorded.
type Hub interface {
	// Projects are the declared projects.
	Projects() []copr.Project
	// Submit begins a build.
	Submit(ctx context.Context, o copr.Order) (copr.Build, error)
	// Cancel ends what has not ended.
	Cancel(ctx context.Context, id uint64, who string) (copr.Build, error)
}

// Ledger has the records.
type Ledger interface {
	// Get returns a record; fs.ErrNotExist where there is none.
	Get(ctx context.Context, id uint64) (copr.Build, error)
	// List returns records, newest first. They are shared: read only.
	List(q copr.Query) []*copr.Build
}

// Tokens say who may do what.
type Tokens interface {
	// Check returns the name of who holds login and secret, if that is good for the scope in the project. For the scope
	// "webhook" login is empty. The error says no more than that it is not.
	Check(login, secret, scope string, p copr.ProjectName) (name string, err error)
}

// The scopes of tokens.
const (
	ScopeBuild   = "build"   // submit and cancel
	ScopeWebhook = "webhook" // begin a build of what is declared
)

// Uploads keeps source packages that were sent.
type Uploads interface {
	// Keep stores what r holds, and returns a URL that Order.SRPM may name.
	Keep(ctx context.Context, name string, r io.Reader) (string, error)
}

// Trees knows what is published, in the root or in the archive.
type Trees interface {
	Catalog() *mirror.Catalog
}

// Options are what a Frontend is made of.
type Options struct {
	// PublicURL is what clients call the server; it ends in a slash.
	PublicURL *url.URL
	Hub       Hub
	Ledger    Ledger
	Trees     Trees
	Tokens    Tokens  // nil: nobody may submit
	Uploads   Uploads // nil: source packages come by URL alone
	// Now is the clock. Default time.Now.
	Now func() time.Time
}

// Frontend answers clients.
type Frontend struct {
	Options
	published memo
}

// New makes a Frontend.
func New(o Options) *Frontend {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Frontend{Options: o}
}

// url is a URL of this server.
func (f *Frontend) url(elem ...string) string { return f.PublicURL.JoinPath(elem...).String() }

// resultsURL is below what all projects' trees lie. The names in it need no escaping, and clients' variables must not have any.
func (f *Frontend) resultsURL() string { return f.url("results") }

package docs

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/nats-io/nats-server/v2/server"

	"mirrorctl/copr/queue"
)

// A NATS server reads what a page gives it, and gives a builder the rights that it needs, and no others.
func TestQueueRights(t *testing.T) {
	found := 0
	for _, p := range pages(t) {
		for _, b := range p.Blocks {
			if b.Lang != "nats" {
				continue
			}
			file := filepath.Join(t.TempDir(), "nats.conf")
			if err := os.WriteFile(file, []byte(b.Text), 0o644); err != nil {
				t.Fatal(err)
			}
			o, err := server.ProcessConfigFile(file)
			if err != nil {
				t.Fatalf("%s:%d: %v", p.File, b.Line, err)
			}
			if !o.SyncAlways {
				t.Errorf("%s:%d: the server acknowledges what is not on disk", p.File, b.Line)
			}
			for _, u := range o.Users {
				if u.Permissions == nil {
					continue
				}
				found++
				publish, subscribe := queue.Permissions(u.Username, []string{"aarch64"})
				if got := u.Permissions.Publish.Allow; !slices.Equal(got, publish) {
					t.Errorf("%s may publish %q, needs %q", u.Username, got, publish)
				}
				if got := u.Permissions.Subscribe.Allow; !slices.Equal(got, subscribe) {
					t.Errorf("%s may subscribe to %q, needs %q", u.Username, got, subscribe)
				}
			}
		}
	}
	if found == 0 {
		t.Error("no page says what a builder may do in a cluster")
	}
}

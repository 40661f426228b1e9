package forge

import (
	"io"
	"log/slog"
	"testing"

	"mirrorctl/internal/config"
)

// Every builder that the configuration may name is one: mock is made from the repositories of the targets.
func TestBuilders(t *testing.T) {
	for _, name := range []string{"rpmbuild", "mock"} {
		cfg := &config.Config{State: t.TempDir(), Copr: config.Copr{Builder: name, Targets: map[string][]string{"epel-9": {"/srv/mirror/pub/el/9/$basearch"}}}}
		crew, err := NewCrew(cfg, "one", slog.New(slog.NewTextHandler(io.Discard, nil)))
		if err != nil {
			t.Fatal(err)
		}
		if crew.worker.Builder.Name() != name {
			t.Errorf("%s: %T", name, crew.worker.Builder)
		}
	}
	got := mockTargets(&config.Config{Copr: config.Copr{Targets: map[string][]string{"epel-9": {"/a/$basearch", "/b"}}}})["epel-9"].Repositories
	if len(got) != 2 || got[0].BaseURL != "file:///a/$basearch" || got[1].ID == got[0].ID {
		t.Errorf("mock's repositories: %+v", got)
	}
}

package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mirrorctl/internal/config"
)

func TestProblems(t *testing.T) {
	dir := t.TempDir()
	for _, d := range []string{"pub/archive", "state", "store"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	at := func(name string) string { return filepath.Join(dir, name) }
	url := func(into *config.URL, text string) {
		if err := into.UnmarshalText([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		name   string
		change func(c *config.Config)
		want   string // in the one problem; "": none
	}{
		{"whole", func(c *config.Config) {}, ""},
		{"no root", func(c *config.Config) { c.Root = "" }, "root is missing"},
		{"root that is not there", func(c *config.Config) { c.Root = at("typo") }, "root: stat "},
		{"state that is not there", func(c *config.Config) { c.State = at("typo") }, "state: stat "},
		{"store that is not there", func(c *config.Config) { c.Archive.Store = at("typo") }, "archive.store: stat "},
		{"store in the root", func(c *config.Config) { c.Archive.Store = at("pub/archive") }, "the archive would archive itself"},
		{"state in the root", func(c *config.Config) { c.State = at("pub/archive") }, "it would be served"},
		{"no address", func(c *config.Config) { c.PublicURL = config.URL{} }, "public_url is missing"},
		{"directory that the archive's address hides", func(c *config.Config) { c.Archive.URL = config.URL{} }, "is hidden"},
		{"archive without https", func(c *config.Config) { url(&c.PublicURL, "https://dl.example/") }, "archive.url is http"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := config.Default()
			c.Root, c.State, c.Archive.Store = at("pub"), at("state"), at("store")
			url(&c.PublicURL, "http://dl.example/")
			url(&c.Archive.URL, "http://old.example/")
			tt.change(c)
			got := c.Problems()
			if tt.want == "" && len(got) > 0 || tt.want != "" && (len(got) != 1 || !strings.Contains(got[0], tt.want)) {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

// An interval of nothing would be a loop that does nothing else.
func TestIntervalsAreNotZero(t *testing.T) {
	for _, text := range []string{"metadata: {refresh: 0s}", "metadata: {rescan: 0s}"} {
		file := filepath.Join(t.TempDir(), "c.yaml")
		if err := os.WriteFile(file, []byte("root: /srv\npublic_url: http://h/\n"+text+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := config.Load(file, func(string) string { return "" }); err == nil || !strings.Contains(err.Error(), "10ms at least") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

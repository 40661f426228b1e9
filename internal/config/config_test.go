package config_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"mirrorctl/internal/config"
)

func none(string) string { return "" }

func TestParse(t *testing.T) {
	c, err := config.Parse("m.yaml", []byte(`
root: /srv/pub
public_url: https://dl.example.org/pub
layout: rpmfusion
archive: {store: /srv/archive, grace: 1d12h, bwlimit: 20MiB}
releases: [{release: el-7, eol: 2028-06-30}]
trusted_proxies: [10.0.0.0/8]
`), none)
	if err != nil {
		t.Fatal(err)
	}
	if got := c.PublicURL.String(); got != "https://dl.example.org/pub/" {
		t.Errorf("public_url: %s", got)
	}
	if got := c.ArchiveURL().String(); got != "https://dl.example.org/pub/archive/" {
		t.Errorf("default archive url: %s", got)
	}
	if got := time.Duration(c.Archive.Grace); got != 36*time.Hour {
		t.Errorf("grace: %s", got)
	}
	if c.Archive.BandwidthLimit != 20<<20 || c.Archive.Retention.String() != "7d" {
		t.Errorf("bwlimit %d, retention %s", c.Archive.BandwidthLimit, c.Archive.Retention)
	}
	if r := c.Releases[0]; r.Release.String() != "el-7" || r.EOL != "2028-06-30" {
		t.Errorf("release override: %+v", r)
	}
	if got := c.TrustedProxies[0].String(); got != "10.0.0.0/8" {
		t.Errorf("trusted_proxies: %s", got)
	}
}

func TestEnvironmentWins(t *testing.T) {
	env := map[string]string{
		"MIRRORCTL_ROOT":            "/env/pub",
		"MIRRORCTL_ARCHIVE_STORE":   "/env/archive",
		"MIRRORCTL_ARCHIVE_GRACE":   "0s",
		"MIRRORCTL_TRUSTED_PROXIES": "[127.0.0.0/8, '::1/128']",
	}
	c, err := config.Parse("m.yaml", []byte("root: /file\narchive: {store: /file}\n"), func(k string) string { return env[k] })
	if err != nil {
		t.Fatal(err)
	}
	if c.Root != "/env/pub" || c.Archive.Store != "/env/archive" || c.Archive.Grace != 0 || len(c.TrustedProxies) != 2 {
		t.Errorf("%+v", c)
	}
	env["MIRRORCTL_ARCHIVE_GRACE"] = "soon"
	if _, err := config.Parse("m.yaml", nil, func(k string) string { return env[k] }); err == nil || !strings.Contains(err.Error(), "MIRRORCTL_ARCHIVE_GRACE") {
		t.Errorf("a bad variable is not named: %v", err)
	}
}

func TestBadInputIsOneClearLine(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"unknown key", "root: /x\narchive:\n  graze: 1d\n", `m.yaml:3: unknown key "archive.graze"; did you mean "grace"?`},
		{"unknown top key", "rooot: /x\n", `m.yaml:1: unknown key "rooot"; did you mean "root"?`},
		{"far from anything", "zzzzzzzzzzz: 1\n", `m.yaml:1: unknown key "zzzzzzzzzzz"`},
		{"unknown key in a rule", "layout:\n  - {tree: a, relase: b}\n", `m.yaml:2: unknown key "layout.relase"; did you mean "release"?`},
		{"bad duration", "archive: {grace: soon}\n", `duration "soon": want a number and a unit`},
		{"bad url", "public_url: dl.example.org\n", `want http://host/ or https://host/`},
		{"url with a query", "public_url: http://h/?x=1\n", `must have no user, query or fragment`},
		{"bad size", "metadata: {memory: lots}\n", `size "lots"`},
		{"not YAML", "root: [\n", `m.yaml:`},
		{"wrong type", "archive: 3\n", `m.yaml:1: `},
		{"unknown key of a webhook", "copr:\n  webhooks: [{url: \"https://h/x\", secret: s}]\n", `unknown key "copr.webhooks.secret"`},
		{"bad proxy", "trusted_proxies: [here]\n", `m.yaml`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := config.Parse("m.yaml", []byte(c.in), none)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want one line with %q", err, c.want)
			}
		})
	}
}

// A bucket is no path: it is refused as what it is.
func TestBucketIsRefused(t *testing.T) {
	name := filepath.Join(t.TempDir(), "m.yaml")
	if err := os.WriteFile(name, []byte("root: /x\npublic_url: http://h/\narchive: {store: s3://b/p}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := config.Load(name, none); err == nil || !strings.Contains(err.Error(), "s3:// is not supported yet") {
		t.Errorf("got %v", err)
	}
}

// What no receiver can be is refused when the file is read, not when a build has ended.
func TestWebhooks(t *testing.T) {
	for _, tt := range []struct{ name, hook, want string }{
		{"defaults", `{url: "https://h/x", secret_file: s}`, ""},
		{"unknown event", `{url: "https://h/x", events: [done]}`, `copr.webhooks, number 1: events: "done" may be succeeded, failed or canceled`},
		{"unknown format", `{url: "https://h/x", format: xml}`, `copr.webhooks, number 1: format: "xml" may be json or text`},
		{"a file", `{url: "file:///etc/passwd"}`, `copr.webhooks, number 1: url: want http:// or https://`},
		{"credentials", `{url: "https://a:b@h/"}`, `no credentials`},
		{"twice", `{url: "https://h/"}, {url: "https://h/"}`, `number 2: another has the same url`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(dir, "m.yaml")
			if err := os.WriteFile(file, []byte("root: /x\ncopr: {webhooks: ["+tt.hook+"]}\n"), 0o644); err != nil {
				t.Fatal(err)
			}
			c, err := config.Load(file, func(string) string { return "" })
			if tt.want != "" {
				if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "a:b") {
					t.Errorf("got %v, want %q", err, tt.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if w := c.Copr.Webhooks[0]; w.Format != "json" || len(w.Events) != 2 || w.SecretFile != filepath.Join(dir, "s") {
				t.Errorf("%+v", w)
			}
		})
	}
}

// What `config show` prints reads back as the same configuration.
func TestShowReadsBack(t *testing.T) {
	c, err := config.Parse("m.yaml", []byte("root: /r\npublic_url: http://h/\nlayout: [{tree: 'a/{version}', release: 'a-{version}'}]\nreleases: [{release: el-7, eol: 2028-06-30}]\n"), none)
	if err != nil {
		t.Fatal(err)
	}
	out, err := yaml.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	again, err := config.Parse("m.yaml", out, none)
	if err != nil {
		t.Fatalf("%v in\n%s", err, out)
	}
	if twice, err := yaml.Marshal(again); err != nil || !bytes.Equal(out, twice) {
		t.Errorf("%v\ngot %s\nwant %s", err, twice, out)
	}
}

func TestTemplateIsValid(t *testing.T) {
	if _, err := config.Parse("template.yaml", config.Template, none); err != nil {
		t.Fatal(err)
	}
	// Each commented line is a valid one, too.
	var all strings.Builder
	for line := range strings.Lines(string(config.Template)) {
		if strings.HasPrefix(line, "# mirrorctl") || strings.HasPrefix(line, "# Every") || strings.HasPrefix(line, "# `") {
			continue
		}
		body := strings.TrimLeft(line, " ")
		all.WriteString(line[:len(line)-len(body)] + strings.TrimPrefix(body, "# "))
	}
	if _, err := config.Parse("template.yaml", []byte(all.String()), none); err != nil {
		t.Fatalf("%v in\n%s", err, all.String())
	}
}

func TestDuration(t *testing.T) {
	for _, c := range []struct {
		in   string
		want time.Duration // negative: refused
	}{
		{"0d", 0}, {"0", 0}, {"0s", 0}, {"14d", 14 * 24 * time.Hour}, {"1d12h", 36 * time.Hour}, {"10m", 10 * time.Minute},
		{"", -1}, {"d", -1}, {"-1d", -1}, {"-5m", -1}, {"1d-5m", -1}, {"5", -1}, {"1.5d", -1}, {"100001d", -1}, {"2500000h", -1}, {"1d 2h", -1},
	} {
		t.Run(c.in, func(t *testing.T) {
			var d config.Duration
			err := d.UnmarshalText([]byte(c.in))
			if (err != nil) != (c.want < 0) || err == nil && time.Duration(d) != c.want {
				t.Errorf("got %v, %v", d, err)
			}
		})
	}
}

func TestFind(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "mirrorctl/mirrorctl.yaml")
	os.MkdirAll(filepath.Dir(file), 0o755)
	os.WriteFile(file, nil, 0o644)
	env := map[string]string{"XDG_CONFIG_HOME": dir}
	get := func(k string) string { return env[k] }
	if got, err := config.Find("", get, 1000); err != nil || got != file {
		t.Errorf("user: %q, %v", got, err)
	}
	if got, err := config.Find("", get, 0); err == nil && got == file {
		t.Error("root must not read a home's configuration")
	}
	env["MIRRORCTL_CONFIG"] = "/a"
	if got, _ := config.Find("", get, 1000); got != "/a" {
		t.Errorf("variable: %q", got)
	}
	if got, _ := config.Find("/b", get, 1000); got != "/b" {
		t.Errorf("flag: %q", got)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(config.Template)
	f.Add([]byte("layout: [{tree: a, release: b, repos: [{dir: a, name: b}]}]\n"))
	f.Add([]byte("a: &a [*a]\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		c, err := config.Parse("m.yaml", in, none)
		if err == nil && c == nil {
			t.Error("neither a configuration nor an error")
		}
	})
}

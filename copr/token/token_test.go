package token_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mirrorctl/copr"
	"mirrorctl/copr/token"
)

var criu = copr.ProjectName{Owner: "adrian", Name: "criu"}

func TestTokens(t *testing.T) {
	name, now := filepath.Join(t.TempDir(), "tokens.json"), time.Now()
	clock := func() time.Time { return now }
	issuer, err := token.Open(name, clock)
	if err != nil {
		t.Fatal(err)
	}
	checker, err := token.Open(name, clock) // another process
	if err != nil {
		t.Fatal(err)
	}
	login, secret, err := issuer.Issue("ci", []string{"build"}, []string{"adrian/criu"}, now.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	_, hook, err := issuer.Issue("github", []string{"webhook"}, []string{"adrian/criu"}, now.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	other := copr.ProjectName{Owner: "adrian", Name: "other"}
	for _, tt := range []struct {
		name                 string
		login, secret, scope string
		p                    copr.ProjectName
		good                 bool
	}{
		{"good", login, secret, "build", criu, true},
		{"any project", login, secret, "build", copr.ProjectName{}, true},
		{"another project", login, secret, "build", other, false},
		{"another scope", login, secret, "webhook", criu, false},
		{"no login", "", secret, "build", criu, false},
		{"another login", "x", secret, "build", criu, false},
		{"another secret", login, hook, "build", criu, false},
		{"nothing", "", "", "build", criu, false},
		{"webhook", "", hook, "webhook", criu, true},
		{"webhook as a token", "", hook, "build", criu, false},
		{"the hash is no secret", login, hashOf(t, name), "build", criu, false},
	} {
		who, err := checker.Check(tt.login, tt.secret, tt.scope, tt.p)
		if (err == nil) != tt.good || err != nil && !errors.Is(err, token.ErrDenied) || tt.good && who == "" {
			t.Errorf("%s: %q, %v", tt.name, who, err)
		}
	}
	raw, err := os.ReadFile(name)
	if err != nil || strings.Contains(string(raw), secret) || strings.Contains(string(raw), hook) {
		t.Errorf("the file holds a secret, or cannot be read: %v", err)
	}
	if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	now = now.Add(time.Hour)
	if _, err := checker.Check(login, secret, "build", criu); !errors.Is(err, token.ErrDenied) {
		t.Errorf("expired: %v", err)
	}
	now = now.Add(-time.Hour)
	if err := issuer.Revoke(login); err != nil {
		t.Fatal(err)
	}
	if _, err := checker.Check(login, secret, "build", criu); !errors.Is(err, token.ErrDenied) {
		t.Errorf("revoked: %v", err)
	}
	if err := issuer.Revoke(login); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("revoked twice: %v", err)
	}
}

func hashOf(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(raw), `"sha256": "`)
	return rest[:64]
}

func TestBadFiles(t *testing.T) {
	good := `{"format":1,"tokens":[{"name":"a","login":"l","sha256":"` + strings.Repeat("0", 64) + `","scopes":["build"],"projects":["*"],"created":"2026-01-01T00:00:00Z","expires":"2027-01-01T00:00:00Z"}]}`
	for name, raw := range map[string]string{
		"unknown key":   strings.Replace(good, `"login"`, `"only_from":"x","login"`, 1),
		"other format":  strings.Replace(good, `:1,`, `:2,`, 1),
		"unknown scope": strings.Replace(good, `"build"`, `"admin"`, 1),
		"bad hash":      strings.Replace(good, "00", "0", 1),
		"bad project":   strings.Replace(good, `"*"`, `"../x"`, 1),
		"truncated":     good[:len(good)/2],
		"empty":         "",
	} {
		file := filepath.Join(t.TempDir(), "t")
		if err := os.WriteFile(file, []byte(raw), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := token.Open(file, nil); err == nil {
			t.Errorf("%s was read", name)
		}
	}
	file := filepath.Join(t.TempDir(), "t")
	if err := os.WriteFile(file, []byte(good), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := token.Open(file, nil); err == nil {
		t.Error("a file that others may read was read")
	}
	if err := os.Chmod(file, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := token.Open(file, nil); err != nil {
		t.Errorf("the good one: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"format":1,"tokens":[]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		file := filepath.Join(t.TempDir(), "t")
		if err := os.WriteFile(file, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		tokens, err := token.Open(file, nil)
		if err != nil {
			return
		}
		if _, err := tokens.Check("", "", "build", copr.ProjectName{}); err == nil {
			t.Error("nothing at all is a good token")
		}
	})
}

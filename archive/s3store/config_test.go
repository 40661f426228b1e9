package s3store_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mirrorctl/archive/archivetest"
	"mirrorctl/archive/s3store"
)

const canary = "canary-7f3a"

func TestCredentialsDoNotPrint(t *testing.T) {
	c := s3store.Config{Credentials: s3store.Credentials{AccessKey: canary, SecretKey: canary, SessionToken: canary}}
	var b strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		fmt.Fprintf(&b, verb+"\n", c)
		fmt.Fprintf(&b, verb+"\n", &c.Credentials)
	}
	slog.New(slog.NewJSONHandler(&b, nil)).Info("m", "c", c, "k", c.Credentials)
	if err := json.NewEncoder(&b).Encode(c); err != nil {
		t.Fatal(err)
	}
	for _, form := range []string{canary, fmt.Sprintf("%x", canary)} {
		if strings.Contains(b.String(), form) {
			t.Errorf("printed:\n%s", b.String())
		}
	}
}

func TestReadCredentials(t *testing.T) {
	name := filepath.Join(t.TempDir(), "credentials")
	tests := []struct {
		name, text string
		mode       os.FileMode
		want       string // of the error
	}{
		{"other tools' form", "[default]\n# mine\naws_access_key_id = id\naws_secret_access_key=se=cret\n", 0o600, ""},
		{"environment's form", "AWS_ACCESS_KEY_ID=id\r\nAWS_SECRET_ACCESS_KEY=se=cret", 0o400, ""},
		{"readable by all", "AWS_ACCESS_KEY_ID=id\nAWS_SECRET_ACCESS_KEY=" + canary, 0o644, "chmod 600"},
		{"two profiles", "[a]\n[b]\n", 0o600, "second profile"},
		{"no line of its kind", canary, 0o600, "line 1: want name = value"},
		{"half", "AWS_ACCESS_KEY_ID=" + canary, 0o600, "missing"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_ = os.Remove(name)
			if err := os.WriteFile(name, []byte(tt.text), tt.mode); err != nil {
				t.Fatal(err)
			}
			c, err := s3store.ReadCredentials(name)
			switch {
			case tt.want == "" && (err != nil || c.AccessKey != "id" || c.SecretKey != "se=cret"):
				t.Errorf("%v", err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), canary)):
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}

func TestOpenRefuses(t *testing.T) {
	good := s3store.Config{Endpoint: "https://s3.example.org", Bucket: "b", Prefix: "a/b", Credentials: s3store.Credentials{AccessKey: "a", SecretKey: "s"}}
	if _, err := s3store.Open(good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*s3store.Config){
		"no endpoint": func(c *s3store.Config) { c.Endpoint = "" }, "a scheme": func(c *s3store.Config) { c.Endpoint = "ftp://x" },
		"a user": func(c *s3store.Config) { c.Endpoint = "https://" + canary + ":x@host" }, "a path": func(c *s3store.Config) { c.Endpoint = "https://host/x" },
		"prefix": func(c *s3store.Config) { c.Prefix = "/a" }, "prefix out": func(c *s3store.Config) { c.Prefix = "../a" }, "our own": func(c *s3store.Config) { c.Prefix = ".mirrorctl" },
		"bucket": func(c *s3store.Config) { c.Bucket = "" }, "bucket and key": func(c *s3store.Config) { c.Bucket = "b/c" },
		"parts": func(c *s3store.Config) { c.PartSize = 1 << 20 }, "no secret": func(c *s3store.Config) { c.Credentials.SecretKey = "" },
	} {
		t.Run(name, func(t *testing.T) {
			c := good
			change(&c)
			if _, err := s3store.Open(c); err == nil || strings.Contains(err.Error(), canary) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestTime(t *testing.T) {
	for ns, want := range map[int64]string{
		archivetest.When.UnixNano(): "1479809472.131415161", 1: "0.000000001", -1: "-0.000000001", -1500000000: "-1.500000000",
	} {
		if got := s3store.FormatTime(ns); got != want || s3store.ParseTime(got) != ns {
			t.Errorf("%d is %q, and back %d", ns, got, s3store.ParseTime(got))
		}
	}
	for _, bad := range []string{"", ".", "x", "1.x", "1.0000000001", "99999999999999999999", "--1"} {
		if got := s3store.ParseTime(bad); got != 0 {
			t.Errorf("%q is %d", bad, got)
		}
	}
}

func FuzzTime(f *testing.F) {
	f.Add("1479809472.131415161")
	f.Add("-1.5")
	f.Fuzz(func(t *testing.T, s string) {
		ns := s3store.ParseTime(s)
		if back := s3store.ParseTime(s3store.FormatTime(ns)); back != ns {
			t.Errorf("%q is %d, and back %d", s, ns, back)
		}
	})
}

func FuzzCredentials(f *testing.F) {
	f.Add("[default]\naws_access_key_id = id\naws_secret_access_key = x\n")
	f.Fuzz(func(t *testing.T, s string) {
		if c, err := s3store.ParseCredentials(s); err == nil && (c.AccessKey == "" || c.SecretKey == "") {
			t.Errorf("%q gives half of what is needed", s)
		}
	})
}

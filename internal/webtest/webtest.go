// Package webtest runs HTTP text scripts against a server: what a client sends, and the answer
// byte for byte. It is test support; nothing that ships imports it.
//
//	# A comment. Each block asks one thing, spelled exactly so on the wire.
//	GET /mirrorlist?repo=free-fedora-25&arch=x86_64
//	X-Forwarded-Proto: https
//	= 200
//	= Content-Type: text/plain
//	= !Location
//	| # repo = free-fedora-25 arch = x86_64 country = global{sp}
//	| {archive}free/fedora/releases/25/Everything/x86_64/os/
//
// A request line begins a block and headers to send follow it. "=" lines are what must come
// back: the status, headers with their whole value, "!Name" for a header that must be absent.
// "|" lines are the body, each with its line feed; "\" begins a last line without one. A block
// without body lines says nothing of the body; "=" with "empty" says that it is empty.
//
// {name} stands for a variable of the caller; {sp} for a space that an editor would cut, {any}
// for any text within a line, {rest} for all that follows. Redirects are not followed.
//
// Every GET is repeated as HEAD, which must bring the same status and headers and no body.
package webtest

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// EnvURL names the environment variable that holds the base URL of a running server.
const EnvURL = "MIRRORCTL_WEB_URL"

// RunningServer is the base URL of a server that somebody started for the scripts; the test is
// skipped where there is none.
func RunningServer(t *testing.T) string {
	base := os.Getenv(EnvURL)
	if base == "" {
		t.Skip("SKIP: " + EnvURL + " names no running server")
	}
	return strings.TrimSuffix(base, "/")
}

// Run runs every script that matches glob against the server at base.
func Run(t *testing.T, base, glob string, vars map[string]string) {
	t.Helper()
	scripts, err := filepath.Glob(glob)
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no script matches %q (%v)", glob, err)
	}
	for _, name := range scripts {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".web"), func(t *testing.T) {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			blocks, err := parse(string(text))
			if err != nil {
				t.Fatalf("%s:%v", name, err)
			}
			for _, b := range blocks {
				if err := b.run(base, vars); err != nil {
					t.Errorf("%s:%d: %s %s\n%v", name, b.line, b.method, b.target, err)
				}
			}
		})
	}
}

// run asks for b, and once more by HEAD.
func (b *block) run(base string, vars map[string]string) error {
	got, body, err := b.ask(base, b.method)
	if err != nil {
		return err
	}
	if err := b.checkHead(got, vars); err != nil {
		return err
	}
	if b.body != nil {
		if want := pattern(*b.body, vars); !want.MatchString(body) {
			return fmt.Errorf("body is\n%s\nwant\n%s", indent(body), indent(*b.body))
		}
	}
	if b.method != http.MethodGet {
		return nil
	}
	head, body, err := b.ask(base, http.MethodHead)
	if err != nil {
		return fmt.Errorf("HEAD: %w", err)
	}
	if body != "" {
		return fmt.Errorf("HEAD: body %q", body)
	}
	if err := b.checkHead(head, vars); err != nil {
		return fmt.Errorf("HEAD: %w", err)
	}
	if got.ContentLength > 0 && got.ContentLength != head.ContentLength {
		return fmt.Errorf("HEAD: Content-Length %d, GET says %d", head.ContentLength, got.ContentLength)
	}
	return nil
}

// transport neither asks for compression nor undoes it: what a server did to a body is to be seen.
var transport = &http.Transport{DisableCompression: true}

// ask sends the request as spelled and follows nothing.
func (b *block) ask(base, method string) (*http.Response, string, error) {
	req, err := http.NewRequest(method, base+b.target, nil)
	if err != nil {
		return nil, "", err
	}
	req.Header = b.send.Clone()
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp, string(body), err
}

func (b *block) checkHead(got *http.Response, vars map[string]string) error {
	if s := fmt.Sprint(got.StatusCode); s != b.status {
		return fmt.Errorf("status %s, want %s", s, b.status)
	}
	for _, h := range b.want {
		values, ok := got.Header[http.CanonicalHeaderKey(h[0])]
		if !ok || !pattern(h[1], vars).MatchString(strings.Join(values, ", ")) {
			return fmt.Errorf("%s: %q, want %q", h[0], values, h[1])
		}
	}
	for _, name := range b.absent {
		if values, ok := got.Header[http.CanonicalHeaderKey(name)]; ok {
			return fmt.Errorf("%s: %q, want none", name, values)
		}
	}
	return nil
}

// indent shows each line between marks, so that blanks at its end can be seen.
func indent(body string) string {
	return "\t|" + strings.ReplaceAll(body, "\n", "⏎\n\t|")
}

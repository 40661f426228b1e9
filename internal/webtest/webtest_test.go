package webtest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// server answers each path with one shape of answer.
func server(t *testing.T) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/list":
			w.Header().Set("Content-Type", "text/plain")
			io.WriteString(w, "# one \nhttp://h/a\n")
		case "/bare":
			w.Header()["Content-Type"] = nil
			w.WriteHeader(404)
			io.WriteString(w, "gone")
		case "/moved":
			w.Header().Set("Location", "http://h/"+r.RequestURI[strings.Index(r.RequestURI, "?")+1:])
			w.WriteHeader(302)
		case "/echo":
			io.WriteString(w, r.Header.Get("X-Word")+"\n")
		case "/nohead":
			if r.Method == "HEAD" {
				w.WriteHeader(405)
			}
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// A runner that cannot fail proves nothing: every kind of expectation is met once and missed once.
func TestBlocks(t *testing.T) {
	base := server(t)
	vars := map[string]string{"host": "http://h/"}
	tests := []struct{ name, script, err string }{
		{"all of it", "GET /list\n= 200\n= Content-Type: text/plain\n= !Location\n| # one{sp}\n| {host}a\n", ""},
		{"any within a line", "GET /list\n= 200\n| # {any}\n| {host}{any}\n", ""},
		{"rest", "GET /list\n= 200\n| # one{sp}\n\\ {rest}\n", ""},
		{"any stops at a line's end", "GET /list\n= 200\n| # {any}\n", "body is"},
		{"last line without line feed", "GET /bare\n= 404\n= !Content-Type\n\\ gone\n", ""},
		{"line feed too many", "GET /bare\n= 404\n| gone\n", "body is"},
		{"blank at the end missing", "GET /list\n= 200\n| # one\n| {host}a\n", "body is"},
		{"regexp characters mean themselves", "GET /bare\n= 404\n\\ g..e\n", "body is"},
		{"wrong status", "GET /list\n= 404\n", "status 200, want 404"},
		{"wrong header", "GET /list\n= 200\n= Content-Type: text\n", "Content-Type"},
		{"header missing", "GET /list\n= 200\n= Location: x\n", "Location"},
		{"header that must be absent", "GET /list\n= 200\n= !Content-Type\n", "want none"},
		{"spelling kept, redirect not followed", "GET /moved?lib%2b%2bx\n= 302\n= Location: http://h/lib%2b%2bx\n= empty\n", ""},
		{"header sent", "GET /echo\nX-Word: hello\n= 200\n| hello\n", ""},
		{"body not empty", "GET /bare\n= 404\n= empty\n", "body is"},
		{"HEAD refused", "GET /nohead\n= 200\n", "HEAD: status 405"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			blocks, err := parse(tt.script)
			if err != nil || len(blocks) != 1 {
				t.Fatalf("parse: %d blocks, %v", len(blocks), err)
			}
			err = blocks[0].run(base, vars)
			if tt.err == "" && err != nil {
				t.Errorf("run: %v", err)
			}
			if tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
				t.Errorf("run: error %v, want one with %q", err, tt.err)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for _, script := range []string{
		"= 200\n",                               // no request
		"GET /x\n",                              // nothing expected
		"GET /x\n= 200\n= not a header\n",       // no colon
		"GET /x\n= 200\nX-Late: header\n",       // sent after the status
		"GET /x\nnonsense\n= 200\n",             // no header to send
		"GET /x\n= 200\n\\ end\n| on\n",         // a body that goes on
		"# a comment only\n| body\n",            // a body of nothing
		"GET /x\n= 200\n\nPUT /y\n= 200\n| z\n", // a method that scripts do not know
	} {
		if _, err := parse(script); err == nil {
			t.Errorf("parse %q: no error", script)
		}
	}
}

// Package token keeps the secrets of the hub's clients: who may submit and cancel builds, and which webhooks are good.
//
// A token is a login and 32 random bytes, shown once. The file holds the SHA-256 of the bytes, what the token is good for,
// for which projects, and until when; whoever reads the file can ask for nothing. Secrets are compared in constant time, and
// why one is refused is nobody's to know: there is one error.
//
// The file is written whole, through durable, readable by its owner alone, and read again when it has changed: the command that
// issues a token and the server that checks it are two processes.
package token

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"mirrorctl/copr"
)

// ErrDenied says that a token is unknown, expired, or not good for what was asked.
var ErrDenied = errors.New("token: denied")

// Token is what the file says of one.
type Token struct {
	Name     string    `json:"name"`   // of the holder, for people
	Login    string    `json:"login"`  // 16 hex digits
	SHA256   string    `json:"sha256"` // of the secret
	Scopes   []string  `json:"scopes"`
	Projects []string  `json:"projects"` // owner/name; "*" for all
	Created  time.Time `json:"created"`
	Expires  time.Time `json:"expires"`
}

// good reports whether the token allows scope in p, which may be zero: any project then.
func (t Token) good(scope string, p copr.ProjectName, now time.Time) bool {
	return now.Before(t.Expires) && slices.Contains(t.Scopes, scope) &&
		(p == copr.ProjectName{} || slices.Contains(t.Projects, "*") || slices.Contains(t.Projects, p.String()))
}

// matches compares in constant time.
func (t Token) matches(login, secret string) bool {
	sum := sha256.Sum256([]byte(secret))
	same := subtle.ConstantTimeCompare([]byte(hex.EncodeToString(sum[:])), []byte(t.SHA256))
	if login != "" || !slices.Contains(t.Scopes, webhook) {
		same &= subtle.ConstantTimeCompare([]byte(login), []byte(t.Login))
	}
	return same == 1
}

// webhook is the scope whose secret stands alone: a URL has no login.
const webhook = "webhook"

// Scopes are what a token may be good for.
var Scopes = []string{"build", webhook}

// check says what is wrong with a token that somebody wants.
func (t Token) check() error {
	if t.Name == "" || len(t.Name) > 100 {
		return errors.New("token: want a name of up to 100 bytes")
	}
	if len(t.Scopes) == 0 || len(t.Projects) == 0 {
		return fmt.Errorf("token %q: want a scope and a project at least", t.Name)
	}
	for _, s := range t.Scopes {
		if !slices.Contains(Scopes, s) {
			return fmt.Errorf("token %q: scope %q: want one of %v", t.Name, s, Scopes)
		}
	}
	if slices.Contains(t.Scopes, webhook) && len(t.Scopes) > 1 {
		return fmt.Errorf("token %q: the secret of a webhook stands in a URL and in logs: give it no other scope", t.Name)
	}
	for _, p := range t.Projects {
		if _, err := copr.ParseProjectName(p); p != "*" && err != nil {
			return fmt.Errorf("token %q: %w", t.Name, err)
		}
	}
	return nil
}

// fresh makes login and secret.
func fresh() (login, secret string) {
	var l [8]byte
	var s [32]byte
	rand.Read(l[:])
	rand.Read(s[:])
	return hex.EncodeToString(l[:]), hex.EncodeToString(s[:])
}

package token

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"mirrorctl/copr"
	"mirrorctl/internal/durable"
)

const maxFile = 16 << 20

// File is a file of tokens. Its methods may be called by many at once.
type File struct {
	name string
	now  func() time.Time

	mu     sync.Mutex
	seen   fs.FileInfo
	tokens []Token
}

// content is the file's format. An unknown key is an error: it may be one that takes rights away.
type content struct {
	Format int     `json:"format"` // 1
	Tokens []Token `json:"tokens"`
}

// Open reads the file name; one that is not there is empty. now is the clock; nil is time.Now.
func Open(name string, now func() time.Time) (*File, error) {
	if now == nil {
		now = time.Now
	}
	f := &File{name: name, now: now}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f, f.refresh()
}

// Check returns the name of who holds the token, if it is good for scope in p; p may be zero for any project. The error
// is ErrDenied, or says that the file cannot be read.
func (f *File) Check(login, secret, scope string, p copr.ProjectName) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.refresh(); err != nil {
		return "", err
	}
	name, now := "", f.now()
	for _, t := range f.tokens { // all of them: how long it takes tells nothing
		if t.matches(login, secret) && t.good(scope, p, now) {
			name = t.Name
		}
	}
	if name == "" {
		return "", ErrDenied
	}
	return name, nil
}

// Issue adds a token, and returns the login and the secret, which is kept nowhere.
func (f *File) Issue(name string, scopes, projects []string, expires time.Time) (login, secret string, err error) {
	login, secret = fresh()
	sum := sha256.Sum256([]byte(secret))
	t := Token{
		Name: name, Login: login, SHA256: hex.EncodeToString(sum[:]), Scopes: scopes, Projects: projects,
		Created: f.now().UTC().Truncate(time.Second), Expires: expires.UTC().Truncate(time.Second),
	}
	if err := t.check(); err != nil {
		return "", "", err
	}
	if !t.Expires.After(t.Created) {
		return "", "", fmt.Errorf("token %q: expires before it begins", name)
	}
	return login, secret, f.change(func(all []Token) ([]Token, error) { return append(all, t), nil })
}

// Revoke removes the token of a login.
func (f *File) Revoke(login string) error {
	return f.change(func(all []Token) ([]Token, error) {
		left := slices.DeleteFunc(slices.Clone(all), func(t Token) bool { return t.Login == login })
		if len(left) == len(all) {
			return nil, fmt.Errorf("token %q: %w", login, fs.ErrNotExist)
		}
		return left, nil
	})
}

// List returns the tokens, without anything that would help to use one.
func (f *File) List() ([]Token, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.refresh(); err != nil {
		return nil, err
	}
	all := slices.Clone(f.tokens)
	for i := range all {
		all[i].SHA256 = ""
	}
	return all, nil
}

// change rewrites the file, alone over all processes.
func (f *File) change(edit func([]Token) ([]Token, error)) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	lock, err := os.OpenFile(f.name+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer lock.Close()
	if err := durable.Flock(lock); err != nil {
		return fmt.Errorf("%s: somebody else changes it, try again: %w", f.name, err)
	}
	f.seen = nil
	if err := f.refresh(); err != nil {
		return err
	}
	tokens, err := edit(slices.Clone(f.tokens))
	if err != nil {
		return err
	}
	raw, err := json.MarshalIndent(content{1, tokens}, "", "  ")
	if err != nil {
		return err
	}
	f.seen = nil
	return durable.Replace(f.name, append(raw, '\n'), 0o600)
}

// refresh reads the file if it is another than the last time. The caller holds mu.
func (f *File) refresh() error {
	info, err := os.Stat(f.name)
	if errors.Is(err, fs.ErrNotExist) {
		f.tokens, f.seen = nil, nil
		return nil
	} else if err != nil {
		return err
	}
	if f.seen != nil && os.SameFile(f.seen, info) && f.seen.ModTime().Equal(info.ModTime()) && f.seen.Size() == info.Size() {
		return nil
	}
	if info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("%s: others may read it; make it 0600", f.name)
	}
	r, err := os.Open(f.name)
	if err != nil {
		return err
	}
	defer r.Close()
	raw, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return fmt.Errorf("read %s: %w", f.name, err)
	}
	tokens, err := parse(raw)
	if err != nil {
		return fmt.Errorf("read %s: %w", filepath.Base(f.name), err)
	}
	f.tokens, f.seen = tokens, info
	return nil
}

func parse(raw []byte) ([]Token, error) {
	if len(raw) > maxFile {
		return nil, fmt.Errorf("over %d bytes", maxFile)
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	var c content
	if err := dec.Decode(&c); err != nil {
		return nil, err
	}
	if c.Format != 1 {
		return nil, fmt.Errorf("format %d; this program knows 1", c.Format)
	}
	for _, t := range c.Tokens {
		if err := t.check(); err != nil {
			return nil, err
		}
		if raw, err := hex.DecodeString(t.SHA256); err != nil || len(raw) != sha256.Size {
			return nil, fmt.Errorf("token %q: sha256 is none", t.Name)
		}
	}
	return c.Tokens, nil
}

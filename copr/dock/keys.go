package dock

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"mirrorctl/copr"
	"mirrorctl/internal/durable"
)

// Keys is the file of builders. Whoever changes it, a server that has it open sees it with the next question.
type Keys struct {
	name string

	mu   sync.Mutex // of what follows
	all  map[string]Key
	size int64
	at   time.Time // of the file that all was read from
}

// Key is what is kept of a builder.
type Key struct {
	Arches []string `json:"arches"`
	SHA256 string   `json:"sha256"` // of the token
}

// OpenKeys reads the file, which need not exist.
func OpenKeys(name string) (*Keys, error) {
	k := &Keys{name: name}
	k.mu.Lock()
	defer k.mu.Unlock()
	return k, k.load()
}

// load reads the file where it is not the one that was read last.
func (k *Keys) load() error {
	f, err := os.Open(k.name)
	if errors.Is(err, fs.ErrNotExist) {
		k.all, k.at, k.size = map[string]Key{}, time.Time{}, 0
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close() // read only
	st, err := f.Stat()
	if err != nil {
		return err
	}
	if k.all != nil && st.ModTime().Equal(k.at) && st.Size() == k.size {
		return nil
	}
	data, err := io.ReadAll(io.LimitReader(f, 1<<20))
	if err != nil {
		return err
	}
	all := map[string]Key{}
	if err := json.Unmarshal(data, &all); err != nil {
		return fmt.Errorf("read builders from %s: %w", k.name, err)
	}
	k.all, k.at, k.size = all, st.ModTime(), st.Size()
	return nil
}

// Names lists the builders.
func (k *Keys) Names() ([]string, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.load(); err != nil {
		return nil, err
	}
	return slices.Sorted(maps.Keys(k.all)), nil
}

// Add makes a builder and returns its token, which is kept nowhere. The error wraps fs.ErrExist where the name is taken.
func (k *Keys) Add(name string, arches []string) (token string, err error) {
	// The name is a part of subjects, of paths and of the user that it logs in as.
	if name == "" || len(name) > 60 || strings.Trim(strings.ToLower(name), "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
		return "", fmt.Errorf("builder %q: want letters, digits, - and _", name)
	}
	for _, a := range arches {
		if !slices.Contains(copr.Arches, a) {
			return "", fmt.Errorf("builder %s: architecture %q: want some of %s", name, a, strings.Join(copr.Arches, ", "))
		}
	}
	if len(arches) == 0 {
		return "", fmt.Errorf("builder %s: no architecture: want some of %s", name, strings.Join(copr.Arches, ", "))
	}
	var raw [32]byte
	rand.Read(raw[:])
	token = hex.EncodeToString(raw[:])
	return token, k.change(func() error {
		if _, taken := k.all[name]; taken {
			return fmt.Errorf("builder %s: %w", name, fs.ErrExist)
		}
		k.all[name] = Key{slices.Clone(arches), digest(token)}
		return nil
	})
}

// Remove takes a builder's right away. The error wraps fs.ErrNotExist.
func (k *Keys) Remove(name string) error {
	return k.change(func() error {
		if _, there := k.all[name]; !there {
			return fmt.Errorf("builder %s: %w", name, fs.ErrNotExist)
		}
		delete(k.all, name)
		return nil
	})
}

func (k *Keys) change(change func() error) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.load(); err != nil {
		return err
	}
	if err := change(); err != nil {
		return err
	}
	data, err := json.MarshalIndent(k.all, "", "\t")
	if err == nil {
		err = durable.WriteFile(k.name, append(data, '\n'), 0o600)
	}
	k.all = nil // what stands in the file is read again
	return err
}

// Check has the arches of the builder that the token belongs to. It takes as long for a name that is not there. Where the
// file cannot be read, nobody is let in.
func (k *Keys) Check(name, token string) (arches []string, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.load(); err != nil {
		return nil, false
	}
	key, there := k.all[name]
	if subtle.ConstantTimeCompare([]byte(key.SHA256), []byte(digest(token))) != 1 || !there {
		return nil, false
	}
	return slices.Clone(key.Arches), true
}

func digest(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

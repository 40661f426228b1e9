package mirror

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"mirrorctl/internal/durable"
)

const (
	maxFollower = 1 << 20 // bytes of one follower's file
	// A follower that was silent for so long has died; its file is only in the way.
	followerLitter = 24 * time.Hour
)

// Announce stores f under f.ID, replacing what it said before.
func (s *FileState) Announce(ctx context.Context, f Follower) error {
	name, err := s.followerFile(f.ID)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	raw, err := json.Marshal(f)
	if err != nil {
		return fmt.Errorf("announce %s: %w", f.ID, err)
	}
	if _, err := os.Lstat(name); errors.Is(err, fs.ErrNotExist) {
		if err := s.sweep(); err != nil {
			return err
		}
	}
	if err := durable.Replace(name, append(raw, '\n'), 0o644); err != nil {
		return fmt.Errorf("announce %s: %w", f.ID, err)
	}
	return nil
}

// Withdraw forgets id: its server has ended.
func (s *FileState) Withdraw(_ context.Context, id string) error {
	name, err := s.followerFile(id)
	if err != nil {
		return err
	}
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("withdraw %s: %w", id, err)
	}
	return nil
}

// Followers lists those seen within FollowerTTL, by id. A file that cannot be read is an error: it
// may be the word of a server that still answers from the root.
func (s *FileState) Followers(ctx context.Context) ([]Follower, error) {
	var live []Follower
	err := s.eachFollower(func(f Follower, _ string) error {
		if s.Now().Sub(f.Seen) <= FollowerTTL {
			live = append(live, f)
		}
		return ctx.Err()
	})
	slices.SortFunc(live, func(a, b Follower) int { return strings.Compare(a.ID, b.ID) })
	return live, err
}

// sweep removes what servers left behind that died long ago.
func (s *FileState) sweep() error {
	return s.eachFollower(func(f Follower, name string) error {
		if s.Now().Sub(f.Seen) <= followerLitter {
			return nil
		}
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	})
}

func (s *FileState) eachFollower(visit func(f Follower, name string) error) error {
	dir := filepath.Join(s.dir, "followers")
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("list followers: %w", err)
	}
	for _, e := range entries {
		id, ok := strings.CutSuffix(e.Name(), ".json")
		if !ok || durable.IsTemp(e.Name()) {
			continue
		}
		name := filepath.Join(dir, e.Name())
		f, err := readFollower(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue // withdrawn since
		}
		if err == nil && f.ID != id {
			err = fmt.Errorf("speaks for %q", clip(f.ID))
		}
		if err != nil {
			return fmt.Errorf("follower %s: %w; remove it if that server has ended", name, err)
		}
		if err := visit(f, name); err != nil {
			return err
		}
	}
	return nil
}

func readFollower(name string) (f Follower, err error) {
	info, err := os.Stat(name)
	if err != nil {
		return f, err
	}
	if info.Size() > maxFollower {
		return f, fmt.Errorf("%d bytes, at most %d", info.Size(), maxFollower)
	}
	raw, err := os.ReadFile(name)
	if err != nil {
		return f, err
	}
	return f, json.Unmarshal(raw, &f)
}

func (s *FileState) followerFile(id string) (string, error) {
	if id == "" || len(id) > 200 || id[0] == '.' || !plain(id) {
		return "", fmt.Errorf("follower %q: want letters, digits and .-_+, such as web1-4711", clip(id))
	}
	return filepath.Join(s.dir, "followers", id+".json"), nil
}

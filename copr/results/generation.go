package results

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"mirrorctl/copr"
	"mirrorctl/internal/durable"
	"mirrorctl/repomd/index"
)

// changingName stands in a repository from before its builds' markers change until a generation says the same.
const changingName = ".mirrorctl-changing"

// mark puts a marker into a build's directory, unless it is there. The generation that follows from it is owed from then on.
func (r *repository) mark(dir, name string, content []byte) error {
	if there, err := exists(filepath.Join(dir, name)); there || err != nil {
		return err
	}
	if err := durable.Replace(filepath.Join(r.dir, changingName), nil, 0o600); err != nil {
		return err
	}
	return durable.Replace(filepath.Join(dir, name), content, 0o644)
}

// settle brings out the generation that is owed, if one is.
func (r *repository) settle(ctx context.Context) error {
	if owed, err := exists(filepath.Join(r.dir, changingName)); !owed || err != nil {
		return err
	}
	return r.generation(ctx)
}

// generation writes repodata for the builds that have succeeded and are not retired.
func (r *repository) generation(ctx context.Context) error {
	entries, err := os.ReadDir(r.dir)
	if err != nil {
		return err
	}
	exclude := []string{"*.rpm"} // packages lie in builds' directories; what lies beside them was not published
	for _, e := range entries {
		if !e.IsDir() || e.Name() == "repodata" {
			continue
		}
		if in, err := r.lists(e.Name()); err != nil {
			return err
		} else if !in {
			exclude = append(exclude, escape(e.Name()))
		}
	}
	now, err := r.now()
	if err != nil {
		return err
	}
	_, err = index.Build(ctx, r.dir, index.Options{
		Compression: r.p.Profiles[r.c.Target()].Compression,
		Exclude:     exclude,
		Time:        now,
		Signer:      bound{r.tree.Signer, r.p.Name, r.c, now},
		Known:       &r.tree.known,
	})
	if err != nil {
		return err
	}
	if err := os.Remove(filepath.Join(r.dir, changingName)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// lists reports whether a directory is a build that the repository lists.
func (r *repository) lists(name string) (bool, error) {
	if _, _, ok := parseDir(name); !ok {
		return false, nil
	}
	good, err := exists(filepath.Join(r.dir, name, successName))
	if !good || err != nil {
		return false, err
	}
	retired, err := exists(filepath.Join(r.dir, name, retiredName))
	return !retired, err
}

// now is the time of the next generation. A clock that was set back must not make it older than the last: that looks like
// somebody playing back a withdrawn state.
func (r *repository) now() (time.Time, error) {
	now := r.tree.Now().Truncate(time.Second)
	info, err := os.Stat(filepath.Join(r.dir, "repodata/repomd.xml"))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return now, nil
	case err != nil:
		return now, err
	case info.ModTime().After(now):
		return info.ModTime(), nil
	}
	return now, nil
}

// bound is the Signer of one repository.
type bound struct {
	Signer
	p  copr.ProjectName
	c  copr.Chroot
	at time.Time
}

// SignRepomd signs with the project's key.
func (b bound) SignRepomd(ctx context.Context, repomd []byte) ([]byte, error) {
	return b.Signer.SignRepomd(ctx, b.p, b.c, b.at, repomd)
}

// parseDir reads the name of a build's directory: 00000042-criu.
func parseDir(name string) (id uint64, pkg string, ok bool) {
	digits, pkg, found := strings.Cut(name, "-")
	if !found || pkg == "" || len(digits) < 8 {
		return 0, "", false
	}
	id, err := strconv.ParseUint(digits, 10, 64)
	return id, pkg, err == nil && fmt.Sprintf("%08d", id) == digits
}

// escape makes a name a pattern that matches it alone.
func escape(name string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(name)
}

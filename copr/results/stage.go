package results

import (
	"compress/gzip"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"mirrorctl/copr"
	"mirrorctl/internal/durable"
)

// logName is the build's log, where COPR's users look for it.
const logName = "builder-live.log.gz"

// member is a file of a build's directory in the making.
type member struct {
	name string // relative
	fill func(io.Writer) error
}

// stage fills the build's directory under a temporary name and renames it.
func (r *repository) stage(ctx context.Context, b copr.Build, c copr.BuildChroot, from string) error {
	packages, err := readPackages(from)
	if err != nil {
		return err
	}
	if len(packages) == 0 {
		return fmt.Errorf("%s: no packages", from)
	}
	return r.place(ctx, b, c, from, packages, true)
}

func (r *repository) record(ctx context.Context, b copr.Build, c copr.BuildChroot, from string) error {
	return r.place(ctx, b, c, from, nil, false)
}

func (r *repository) place(ctx context.Context, b copr.Build, c copr.BuildChroot, from string, packages []Built, good bool) error {
	final, err := r.build(b)
	if err != nil {
		return err
	}
	if done, err := exists(filepath.Join(final, successName)); done || err != nil {
		return err
	}
	members, err := gather(from, good)
	if err != nil {
		return err
	}
	members = append(members, document("results.json", resultsJSON(packages)), document("build.info", buildInfo(b, c)))
	if !good {
		members = append(members, document(failName, nil))
	}
	if same, err := holds(ctx, final, members); same || err != nil {
		return err
	}
	temp := filepath.Join(r.dir, durable.TempName(b.Dir()))
	defer os.RemoveAll(temp) // gone where all went well; Sweep takes what a crash leaves
	if err := fillDir(ctx, temp, members); err != nil {
		return fmt.Errorf("stage %s: %w", final, err)
	}
	if err := discard(final); err != nil { // of an earlier attempt
		return err
	}
	return durable.Rename(temp, final)
}

// gather lists what is taken over from a delivery: logs, and of a good one packages and provenance, too. Whatever else is there, and
// whatever is no regular file, was not asked for.
func gather(from string, good bool) ([]member, error) {
	if from == "" {
		return nil, nil
	}
	entries, err := os.ReadDir(from)
	if errors.Is(err, fs.ErrNotExist) && !good {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var members []member
	for _, e := range entries {
		name := filepath.Join(from, e.Name())
		switch {
		case !e.Type().IsRegular() || strings.HasPrefix(e.Name(), "."):
		case good && strings.HasSuffix(e.Name(), ".rpm"), strings.HasSuffix(e.Name(), ".log.gz"):
			members = append(members, member{e.Name(), copyOf(name)})
		case e.Name() == "builder-live.log":
			members = append(members, member{logName, packed(name)})
		case strings.HasSuffix(e.Name(), ".log"):
			members = append(members, member{e.Name() + ".gz", packed(name)})
		}
	}
	if !good {
		return members, nil
	}
	proofs, err := os.ReadDir(filepath.Join(from, "provenance"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, e := range proofs {
		if e.Type().IsRegular() && strings.HasSuffix(e.Name(), ".json") {
			members = append(members, member{path.Join("provenance", e.Name()), copyOf(filepath.Join(from, "provenance", e.Name()))})
		}
	}
	return members, nil
}

func document(name string, content []byte) member {
	return member{name, func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	}}
}

func copyOf(name string) func(io.Writer) error {
	return func(w io.Writer) error {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = io.Copy(w, f)
		return err
	}
}

// packed compresses a log; equal logs make equal bytes.
func packed(name string) func(io.Writer) error {
	return func(w io.Writer) error {
		z := gzip.NewWriter(w)
		return errors.Join(copyOf(name)(z), z.Close())
	}
}

// fillDir makes dir with its members, durably.
func fillDir(ctx context.Context, dir string, members []member) error {
	if err := durable.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, m := range members {
		if err := ctx.Err(); err != nil {
			return err
		}
		name := filepath.Join(dir, filepath.FromSlash(m.name))
		if err := durable.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := durable.Write(name, 0o644, m.fill); err != nil {
			return err
		}
	}
	return nil
}

// holds reports whether dir has exactly these members, byte by byte.
func holds(ctx context.Context, dir string, members []member) (bool, error) {
	if there, err := exists(dir); !there || err != nil {
		return false, err
	}
	want := map[string][32]byte{}
	for _, m := range members {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		h := sha256.New()
		if err := m.fill(h); err != nil {
			return false, err
		}
		want[m.name] = [32]byte(h.Sum(nil))
	}
	same, found := true, 0
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		h := sha256.New()
		if err := copyOf(name)(h); err != nil {
			return err
		}
		found++
		sum, listed := want[filepath.ToSlash(rel)]
		same = same && listed && sum == [32]byte(h.Sum(nil))
		return nil
	})
	return same && found == len(want), err
}

// discard removes a directory so that nobody ever sees a part of it: a build without its marker would come back.
func discard(dir string) error {
	gone := filepath.Join(filepath.Dir(dir), durable.TempName(filepath.Base(dir)))
	switch err := durable.Rename(dir, gone); {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	}
	return os.RemoveAll(gone)
}

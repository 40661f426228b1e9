package repomd

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"strings"
)

// companions lie beside repomd.xml and are listed nowhere.
var companions = map[string]bool{Name: true, Name + ".asc": true, Name + ".key": true}

// strays reports what lies in repodata, and which packages lie in the repository, that nothing
// lists. A directory with a repodata of its own is another repository.
func (v *verifier) strays(ctx context.Context, packages bool) {
	v.walk(ctx, "repodata", func(name string) bool { return !companions[name] })
	if packages {
		v.walk(ctx, ".", func(name string) bool {
			ext := path.Ext(name)
			return !strings.HasPrefix(name, "repodata/") && (ext == ".rpm" || ext == ".drpm")
		})
	}
}

// walk reports the files below top that are not listed and that concern us.
func (v *verifier) walk(ctx context.Context, top string, concerns func(name string) bool) {
	fs.WalkDir(v.fsys, path.Join(v.dir, top), func(full string, e fs.DirEntry, err error) error {
		name := full
		if v.dir != "." {
			name = strings.TrimPrefix(full, path.Clean(v.dir)+"/")
		}
		switch {
		case ctx.Err() != nil:
			return fs.SkipAll
		case errors.Is(err, fs.ErrNotExist): // gone while we looked
			return nil
		case err != nil:
			v.report(Problem{Path: name, Fault: Unreadable, Got: err.Error()})
		case e.IsDir() && name != top && v.isRepository(full):
			return fs.SkipDir
		case !e.IsDir() && concerns(name) && !v.listed[name]:
			v.report(Problem{Path: name, Fault: NotListed})
		}
		return nil
	})
}

func (v *verifier) isRepository(dir string) bool {
	if dir == path.Clean(v.dir) {
		return false
	}
	_, err := fs.Stat(v.fsys, path.Join(dir, Name))
	return err == nil
}

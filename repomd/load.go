package repomd

import (
	"fmt"
	"io"
	"io/fs"
	"path"
)

// Name is the path of a repomd.xml below its repository.
const Name = "repodata/repomd.xml"

// Load reads and parses dir/repodata/repomd.xml. Where there is none the error is
// fs.ErrNotExist: dir is not a repository.
func Load(fsys fs.FS, dir string) (*Repomd, error) {
	raw, err := readRepomd(fsys, path.Join(dir, Name))
	if err != nil {
		return nil, err
	}
	r, err := Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("%q: %w", dir, err)
	}
	return r, nil
}

func readRepomd(fsys fs.FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, MaxRepomd+1))
	if err != nil {
		return nil, fmt.Errorf("read %q: %w", name, err)
	}
	return raw, nil
}

package fit

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"mirrorctl/repomd/index"
)

// pkg is one package of a delivery.
type pkg struct {
	*index.Package
	file  string // its name
	elves []elf  // of a binary package
	bad   error  // why the payload could not be read
}

// read reads a package's header, and looks through its payload.
func read(ctx context.Context, name string) (*pkg, error) {
	st, err := os.Lstat(name) // a fifo would wait for its writer
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no regular file: %s", filepath.Base(name), st.Mode())
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	head, err := index.ReadPackage(f, st.Size())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Base(name), err)
	}
	p := &pkg{Package: head, file: filepath.Base(name)}
	if p.Arch != "src" && len(p.Files) > 0 {
		p.elves, p.bad = findELF(ctx, io.NewSectionReader(f, p.HeaderEnd, st.Size()-p.HeaderEnd))
	}
	return p, nil
}

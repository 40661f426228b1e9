package index

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"mirrorctl/internal/durable"
)

// fileName is the index's name in its directory.
const fileName = "root.idx"

// maxFile is the largest file that Load reads: some 20 million files.
const maxFile = 1 << 30

// Save keeps x in dir, <state>/index, which is made if it is missing.
func Save(dir string, x *Index) error {
	if err := durable.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("save index: %w", err)
	}
	if err := durable.WriteFile(filepath.Join(dir, fileName), x.Encode(), 0o644); err != nil {
		return fmt.Errorf("save index: %w", err)
	}
	return nil
}

// Load reads what Save wrote. The error says why there is no index: fs.ErrNotExist where none was
// saved, else what is wrong with the file. None of them need stop anybody: an index
// can always be made anew, by a Scan without a previous one.
func Load(dir string) (*Index, error) {
	name := filepath.Join(dir, fileName)
	raw, err := readFile(name)
	if err != nil {
		return nil, fmt.Errorf("load index: %w", err)
	}
	x, err := Decode(raw)
	if err != nil {
		return nil, fmt.Errorf("load index %s: %w; it will be made anew", name, err)
	}
	return x, nil
}

func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() > maxFile || !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: %d bytes, or no plain file; it will be made anew", name, info.Size())
	}
	raw := make([]byte, info.Size())
	_, err = io.ReadFull(f, raw)
	return raw, err
}

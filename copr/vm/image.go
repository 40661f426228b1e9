package vm

import (
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// maxImage bounds what an image holds: it is unpacked into a machine's memory.
const maxImage = 512 << 20

// Image is the tree of files that a machine boots into, or that a process is pivoted into. The zero value is empty.
type Image struct {
	entries map[string]entry // by path, without a leading slash
	size    int64
}

type entry struct {
	mode    fs.FileMode // type and permissions
	content []byte      // a file's, unless source is set; a symlink's target
	source  string      // a file of this machine
	size    int64
}

// Directory adds a directory and those above it.
func (m *Image) Directory(name string) error { return m.add(name, entry{mode: fs.ModeDir | 0o755}) }

// File adds a file with the content.
func (m *Image) File(name string, perm fs.FileMode, content []byte) error {
	return m.add(name, entry{mode: perm.Perm(), content: content, size: int64(len(content))})
}

// Symlink adds a symbolic link.
func (m *Image) Symlink(name, target string) error {
	return m.add(name, entry{mode: fs.ModeSymlink | 0o777, content: []byte(target), size: int64(len(target))})
}

// Copy adds a file of this machine, which must stay as it is until the image is written.
func (m *Image) Copy(name, source string) error {
	info, err := os.Lstat(source)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("copy %s: not a file", source)
	}
	return m.add(name, entry{mode: info.Mode().Perm(), source: source, size: info.Size()})
}

// CopyFrom adds the file that source is for a process whose root is root, as name.
func (m *Image) CopyFrom(root, source, name string) error {
	file, err := within(root, source)
	if err != nil {
		return err
	}
	return m.Copy(name, file)
}

// Tree adds what lies below a directory: files, directories and symbolic links, none of which is followed.
func (m *Image) Tree(dir string) error {
	return filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		if err != nil || rel == "." {
			return err
		}
		switch d.Type() {
		case 0:
			return m.Copy(rel, name)
		case fs.ModeDir:
			return m.Directory(rel)
		case fs.ModeSymlink:
			target, err := os.Readlink(name)
			if err != nil {
				return err
			}
			return m.Symlink(rel, target)
		}
		return fmt.Errorf("add %s: neither file, directory nor symbolic link", rel)
	})
}

// Has reports whether the image holds name.
func (m *Image) Has(name string) bool {
	_, ok := m.entries[clean(name)]
	return ok
}

// add adds an entry and the directories above it. What is there is replaced; a parent that is no directory is an error, so
// that no entry can be written through a link.
func (m *Image) add(name string, e entry) error {
	if m.entries == nil {
		m.entries = map[string]entry{}
	}
	name = clean(name)
	if name == "" || strings.ContainsRune(name, 0) || len(name) > 4000 {
		return fmt.Errorf("add %q: not a path", name)
	}
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		if have, ok := m.entries[dir]; !ok {
			m.entries[dir] = entry{mode: fs.ModeDir | 0o755}
		} else if !have.mode.IsDir() {
			return fmt.Errorf("add %s: %s is no directory", name, dir)
		}
	}
	if have, ok := m.entries[name]; ok && have.mode.IsDir() != e.mode.IsDir() {
		return fmt.Errorf("add %s: there is another kind of file", name)
	} else if m.size += e.size - have.size; m.size > maxImage {
		return fmt.Errorf("add %s: the image exceeds %d bytes", name, maxImage)
	}
	m.entries[name] = e
	return nil
}

// clean makes a path relative to the image's root; it cannot lead out of it.
func clean(name string) string { return strings.TrimPrefix(path.Clean("/"+name), "/") }

// names lists all entries, parents first.
func (m *Image) names() []string { return slices.Sorted(maps.Keys(m.entries)) }

func (e entry) open() (io.ReadCloser, error) {
	if e.source == "" {
		return io.NopCloser(strings.NewReader(string(e.content))), nil
	}
	return os.Open(e.source)
}

// Unpack writes the image into an empty directory.
func (m *Image) Unpack(dir string) error {
	for _, name := range m.names() {
		if err := m.entries[name].unpack(filepath.Join(dir, name)); err != nil {
			return fmt.Errorf("unpack %s: %w", name, err)
		}
	}
	return nil
}

func (e entry) unpack(to string) error {
	switch e.mode.Type() {
	case fs.ModeDir:
		return os.Mkdir(to, 0o755)
	case fs.ModeSymlink:
		return os.Symlink(string(e.content), to)
	}
	from, err := e.open()
	if err != nil {
		return err
	}
	defer from.Close()
	f, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, e.mode.Perm())
	if err != nil {
		return err
	}
	if _, err := io.CopyN(f, from, e.size); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

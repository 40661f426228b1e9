package vm

import (
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// LibraryPath is where Libraries puts what it finds; it goes into LD_LIBRARY_PATH.
const LibraryPath = "/gate/lib"

// maxELF bounds the files that are looked into.
const maxELF = 256 << 20

// Libraries adds the shared libraries, and the loader, that the program of the image needs, and those that they need:
// from the image itself, or from the first root that has them. It returns which came from where, and the names of
// those that no root has.
func (m *Image) Libraries(program string, roots []string) (found map[string]string, missing []string, err error) {
	found = map[string]string{}
	e, ok := m.entries[clean(program)]
	if !ok {
		return nil, nil, fmt.Errorf("libraries of %s: %w", program, fs.ErrNotExist)
	}
	first, err := needs(e)
	if err != nil {
		return nil, nil, fmt.Errorf("libraries of %s: %w", program, err)
	}
	if first.loader != "" && !m.Has(first.loader) {
		from, err := m.take(first.loader, first.loader, first.machine, roots, []string{"", "usr"})
		if err != nil {
			return nil, nil, err
		}
		if from == "" {
			missing = append(missing, path.Base(first.loader))
		}
	}
	for queue := first.libraries; len(queue) > 0; queue = queue[1:] {
		name := queue[0]
		if _, ok := found[name]; ok || slices.Contains(missing, name) {
			continue
		}
		if strings.Contains(name, "/") {
			return nil, nil, fmt.Errorf("libraries of %s: %q is no name of a library", program, name)
		}
		to := path.Join(LibraryPath, name)
		from, err := m.take(to, name, first.machine, roots, libraryDirs(first.machine))
		if err != nil {
			return nil, nil, err
		}
		if from == "" {
			missing = append(missing, name)
			continue
		}
		found[name] = from
		more, err := needs(m.entries[clean(to)])
		if err != nil {
			return nil, nil, fmt.Errorf("libraries of %s: %w", name, err)
		}
		queue = append(queue, more.libraries...)
	}
	return found, missing, nil
}

// take adds the file name of one of the roots' directories as to, if it is of the machine; it returns the root, "" if none
// has it.
func (m *Image) take(to, name string, machine elf.Machine, roots, dirs []string) (string, error) {
	for _, root := range roots {
		for _, dir := range dirs {
			file, err := within(root, path.Join(dir, name))
			if errors.Is(err, fs.ErrNotExist) {
				continue
			} else if err != nil {
				return "", err
			}
			info, err := os.Stat(file)
			if err != nil || !info.Mode().IsRegular() {
				continue
			}
			if n, err := needs(entry{source: file, size: info.Size()}); err != nil || n.machine != machine {
				continue // of another architecture, or a linker script
			}
			return root, m.Copy(to, file)
		}
	}
	return "", nil
}

// libraryDirs are where loaders look, in EL's and Debian's layouts.
func libraryDirs(machine elf.Machine) []string {
	triplet := map[elf.Machine]string{elf.EM_X86_64: "x86_64", elf.EM_AARCH64: "aarch64", elf.EM_PPC64: "powerpc64le",
		elf.EM_S390: "s390x"}[machine] + "-linux-gnu"
	return []string{"usr/lib64", "lib64", "usr/lib/" + triplet, "lib/" + triplet, "usr/" + triplet + "/lib", "usr/lib", "lib"}
}

type needed struct {
	machine   elf.Machine
	loader    string
	libraries []string
}

// needs reads what an ELF file needs. The file is not to be trusted; debug/elf bounds what it reads by the file.
func needs(e entry) (n needed, err error) {
	if e.size > maxELF {
		return n, fmt.Errorf("%d bytes are too many", e.size)
	}
	in, err := e.open()
	if err != nil {
		return n, err
	}
	defer in.Close()
	at, ok := in.(io.ReaderAt)
	if !ok {
		at = strings.NewReader(string(e.content))
	}
	f, err := elf.NewFile(at)
	if err != nil {
		return n, err
	}
	defer f.Close()
	n.machine = f.Machine
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP && p.Filesz < 4096 {
			b, err := io.ReadAll(p.Open())
			if err != nil {
				return n, err
			}
			n.loader = strings.TrimRight(string(b), "\x00")
		}
	}
	n.libraries, err = f.ImportedLibraries()
	return n, err
}

// within resolves a path below a root as a process that has changed its root would: links cannot lead out of it.
func within(root, name string) (string, error) {
	rest, at := strings.Split(clean(name), "/"), ""
	for links := 0; len(rest) > 0; {
		next := clean(path.Join(at, rest[0]))
		rest = rest[1:]
		file := filepath.Join(root, next)
		info, err := os.Lstat(file)
		if err != nil {
			return "", err
		}
		if info.Mode().Type() != fs.ModeSymlink {
			at = next
			continue
		}
		if links++; links > 40 {
			return "", fmt.Errorf("resolve %s in %s: too many links", name, root)
		}
		target, err := os.Readlink(file)
		if err != nil {
			return "", err
		}
		if !path.IsAbs(target) {
			target = path.Join("/", path.Dir(next), target)
		}
		rest, at = append(strings.Split(clean(target), "/"), rest...), ""
	}
	return filepath.Join(root, at), nil
}

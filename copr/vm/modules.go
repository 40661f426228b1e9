package vm

import (
	"bytes"
	"context"
	"debug/elf"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"mirrorctl/repomd"
)

// ModulePath is where Modules puts what it adds.
const ModulePath = "/modules"

// maxModule bounds a module, unpacked.
const maxModule = 32 << 20

// Modules adds modules of the kernel that Run boots, and those that they need, as files whose order is that in which they
// can be loaded. A name that the kernel has no module of is left out: it is built in, or not there.
func (m *Machines) Modules(ctx context.Context, arch string, image *Image, names ...string) error {
	kernel, err := m.kernel(ctx, arch)
	if err != nil {
		return err
	}
	version := strings.TrimLeft(strings.TrimPrefix(path.Base(kernel), "vmlinu"), "xz-")
	root := filepath.Join(filepath.Dir(filepath.Dir(kernel)), "usr/lib/modules", version)
	files := map[string]string{}
	err = filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if name, ok := strings.CutSuffix(d.Name(), ".ko.xz"); err == nil && ok {
			files[strings.ReplaceAll(name, "-", "_")] = file
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("modules of %s: %w", path.Base(kernel), err)
	}
	var done []string
	for _, name := range names {
		if done, err = image.module(name, files, done); err != nil {
			return fmt.Errorf("modules of %s: %s: %w", path.Base(kernel), name, err)
		}
	}
	return nil
}

// module adds one module after those that it needs.
func (m *Image) module(name string, files map[string]string, done []string) ([]string, error) {
	file, ok := files[name]
	if !ok || slices.Contains(done, name) {
		return done, nil
	}
	content, err := decompressed(file)
	if err != nil {
		return done, err
	}
	needs, err := dependencies(content)
	if err != nil {
		return done, err
	}
	done = append(done, name) // before what it needs: a circle ends
	for _, n := range needs {
		if done, err = m.module(n, files, done); err != nil {
			return done, err
		}
	}
	order := 0
	for n := range m.entries {
		if strings.HasPrefix("/"+n, ModulePath+"/") {
			order++
		}
	}
	return done, m.File(fmt.Sprintf("%s/%03d-%s.ko", ModulePath, order, name), 0o644, content)
}

// dependencies reads what a module says that it depends on.
func dependencies(module []byte) ([]string, error) {
	f, err := elf.NewFile(bytes.NewReader(module))
	if err != nil {
		return nil, err
	}
	s := f.Section(".modinfo")
	if s == nil {
		return nil, nil
	}
	info, err := s.Data()
	if err != nil {
		return nil, err
	}
	for field := range strings.SplitSeq(string(info), "\x00") {
		if list, ok := strings.CutPrefix(field, "depends="); ok && list != "" {
			return strings.Split(strings.ReplaceAll(list, "-", "_"), ","), nil
		}
	}
	return nil, nil
}

func decompressed(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r, err := repomd.NewReader(f, repomd.Limits{Output: maxModule})
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

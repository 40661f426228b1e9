package source

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"mirrorctl/copr"
	"mirrorctl/internal/durable"
	"mirrorctl/repomd/index"
)

// deliver copies the one source package in from to out, after it has proven to be the one that was asked for, and returns
// it with its EVR. An empty version takes any.
func deliver(from, out, name, version string) (copr.File, string, error) {
	entries, err := os.ReadDir(from)
	if err != nil {
		return copr.File{}, "", err
	}
	if len(entries) != 1 || !strings.HasSuffix(entries[0].Name(), ".src.rpm") {
		return copr.File{}, "", faultf("want one .src.rpm, have %d files", len(entries))
	}
	// What a build left may be a link to another file or a pipe.
	f, err := os.OpenFile(filepath.Join(from, entries[0].Name()), os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return copr.File{}, "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return copr.File{}, "", err
	}
	if !info.Mode().IsRegular() {
		return copr.File{}, "", faultf("the source package is no regular file")
	}
	p, err := index.ReadPackage(f, info.Size())
	if err != nil {
		return copr.File{}, "", faultf("read %s: %w", entries[0].Name(), err)
	}
	switch {
	case p.Arch != "src":
		return copr.File{}, "", faultf("%s is no source package", p.NEVRA())
	case p.Name != name:
		return copr.File{}, "", faultf("the source package is of %q, not of %q", p.Name, name)
	case version != "" && p.Version != version:
		return copr.File{}, "", faultf("the source package is of version %q, not %q", p.Version, version)
	}
	file := p.Name + "-" + p.Version + "-" + p.Release + ".src.rpm"
	if err := checkName(file); err != nil {
		return copr.File{}, "", err
	}
	err = durable.Write(filepath.Join(out, file), 0o644, func(w io.Writer) error {
		_, err := io.Copy(w, io.NewSectionReader(f, 0, info.Size()))
		return err
	})
	if err != nil {
		return copr.File{}, "", err
	}
	made, err := digest(out, file)
	return made, p.EVR.String(), err
}

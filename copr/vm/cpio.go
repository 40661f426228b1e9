package vm

import (
	"bufio"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// WriteCPIO writes the image as the kernel unpacks it: cpio, format newc, all of it root's.
func (m *Image) WriteCPIO(to io.Writer) error {
	w := bufio.NewWriterSize(to, 1<<16)
	for i, name := range m.names() {
		if err := writeEntry(w, i+1, name, m.entries[name]); err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
	}
	// The kernel wants a console before it mounts devtmpfs; without it init has no output.
	header(w, len(m.entries)+1, 0o020600, 1, 0, 5, 1, "dev/console")
	header(w, 0, 0, 1, 0, 0, 0, "TRAILER!!!")
	return w.Flush()
}

// writeFile writes the image as a file.
func (m *Image) writeFile(name string) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	if err := m.WriteCPIO(f); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

func writeEntry(w *bufio.Writer, inode int, name string, e entry) error {
	mode, links := uint32(e.mode.Perm()), 1
	switch e.mode.Type() {
	case fs.ModeDir:
		mode, links = mode|0o040000, 2
	case fs.ModeSymlink:
		mode |= 0o120000
	default:
		mode |= 0o100000
	}
	header(w, inode, mode, links, e.size, 0, 0, name)
	from, err := e.open()
	if err != nil {
		return err
	}
	defer from.Close()
	if _, err := io.CopyN(w, from, e.size); err != nil {
		return err
	}
	pad(w, e.size)
	return nil
}

// header writes an entry's header and name. A bufio.Writer keeps its first error for Flush.
func header(w *bufio.Writer, inode int, mode uint32, links int, size int64, major, minor int, name string) {
	fmt.Fprintf(w, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%s\x00",
		inode, mode, 0, 0, links, 0, size, 0, 0, major, minor, len(name)+1, 0, name)
	pad(w, int64(110+len(name)+1))
}

func pad(w *bufio.Writer, size int64) {
	for ; size%4 != 0; size++ {
		w.WriteByte(0)
	}
}

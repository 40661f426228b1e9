package demo

import (
	"fmt"
	"io"
)

// content is one file of a package.
type content struct {
	path string // absolute; a bare name in a source package
	mode uint16 // with its type: regular 0o100644, directory 0o040755, symlink 0o120777
	data []byte // a symlink's target
	doc  bool
}

// writeCPIO writes files as a cpio archive of the "newc" form: what an RPM payload is.
func writeCPIO(w io.Writer, files []content, mtime uint32) error {
	at := 0
	put := func(b []byte) error {
		n, err := w.Write(b)
		at += n
		if pad := -at & 3; err == nil && pad > 0 {
			_, err = w.Write(make([]byte, pad))
			at += pad
		}
		return err
	}
	one := func(name string, inode int, mode uint16, links int, mtime uint32, data []byte) error {
		// magic, inode, mode, uid, gid, links, mtime, size, device, rdevice, length of the name, checksum
		head := fmt.Sprintf("070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%s\x00",
			inode, mode, 0, 0, links, mtime, len(data), 0, 0, 0, 0, len(name)+1, 0, name)
		if err := put([]byte(head)); err != nil {
			return err
		}
		return put(data)
	}
	for i, f := range files {
		name := f.path
		if name[0] == '/' {
			name = "." + name // rpmlib(PayloadFilesHavePrefix)
		}
		if err := one(name, i+1, f.mode, 1, mtime, f.data); err != nil {
			return err
		}
	}
	return one("TRAILER!!!", 0, 0, 1, 0, nil)
}

package durable

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Room is what an unprivileged user can still store on a filesystem.
type Room struct {
	Bytes int64
	Files int64 // -1 where the filesystem makes inodes as needed
}

// Free asks the filesystem that holds dir.
func Free(dir string) (Room, error) {
	var st unix.Statfs_t
	if err := again(func() error { return unix.Statfs(dir, &st) }); err != nil {
		return Room{}, fmt.Errorf("statfs %s: %w", dir, err)
	}
	r := Room{Bytes: int64(st.Bavail) * int64(st.Bsize), Files: int64(st.Ffree)}
	if st.Files == 0 {
		r.Files = -1
	}
	return r, nil
}

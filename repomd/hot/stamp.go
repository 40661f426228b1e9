package hot

import (
	"io/fs"
	"syscall"
	"time"
)

// A stamp tells whether a file is still the one that was read. Inode and change time are 0
// where the file system has none. The zero stamp stands for a file that is not there.
type stamp struct {
	size  int64
	mtime int64 // nanoseconds
	ctime int64
	inode uint64
}

func stampOf(info fs.FileInfo) stamp {
	s := stamp{size: info.Size(), mtime: info.ModTime().UnixNano()}
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		s.inode, s.ctime = st.Ino, st.Ctim.Nano()
	}
	return s
}

// settleTime is how old a stamp must be when it is taken to be worth anything: a file system
// stamps in ticks, and a second write within the tick of the first leaves no trace.
const settleTime = 2 * time.Second

// settled reports whether a file stamped s and read at the time at cannot have changed since
// without a new stamp.
func (s stamp) settled(at time.Time) bool {
	return at.UnixNano()-max(s.mtime, s.ctime) > int64(settleTime)
}

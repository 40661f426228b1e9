package sandbox

import (
	"fmt"
	"math"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// descriptors are the files that bubblewrap is started with, and the ends of their pipes that stay here. bubblewrap closes what it
// was told of before the command starts; only the pipe of Take is left to it.
type descriptors struct {
	passed []*os.File
	kept   []*os.File
}

// end is the end of a pipe that stays here, and the number that the other one has over there.
type end struct {
	*os.File
	fd int
}

func (d *descriptors) pass(f *os.File) (fd int) {
	d.passed = append(d.passed, f)
	return 2 + len(d.passed)
}

// reader makes a pipe that is read here. want is the number of its other end, where that matters.
func (d *descriptors) reader(want int) (end, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return end{}, err
	}
	return d.keep(r, w, want)
}

// writer makes a pipe that is written here.
func (d *descriptors) writer(want int) (end, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return end{}, err
	}
	return d.keep(w, r, want)
}

func (d *descriptors) keep(here, there *os.File, want int) (end, error) {
	d.kept = append(d.kept, here)
	fd := d.pass(there)
	if want != 0 && fd != want {
		return end{}, fmt.Errorf("a pipe has number %d, want %d", fd, want)
	}
	return end{here, fd}, nil
}

// file passes the content of f.
func (d *descriptors) file(f File) (fd int, err error) {
	if f.Path != "" {
		file, err := os.Open(f.Path)
		if err != nil {
			return 0, err
		}
		fd = d.pass(file)
		if st, err := file.Stat(); err != nil || !st.Mode().IsRegular() {
			return 0, fmt.Errorf("put %q into the sandbox: no regular file", f.Path)
		}
		return fd, nil
	}
	return d.data(f.Data)
}

// data passes bytes by a file without a name.
func (d *descriptors) data(b []byte) (fd int, err error) {
	n, err := unix.MemfdCreate("sandbox", unix.MFD_CLOEXEC)
	if err != nil {
		return 0, fmt.Errorf("memfd_create: %w", err)
	}
	file := os.NewFile(uintptr(n), "memfd")
	fd = d.pass(file)
	if _, err := file.Write(b); err != nil {
		return 0, err
	}
	_, err = file.Seek(0, 0)
	return fd, err
}

func (d *descriptors) closePassed() {
	for _, f := range d.passed {
		f.Close()
	}
	d.passed = nil
}

func (d *descriptors) close() {
	d.closePassed()
	for _, f := range d.kept {
		f.Close()
	}
}

// keepFromChildren marks the descriptors that this process was itself given by whoever started it: they would be open in the sandbox.
// What Go opens is marked already.
func keepFromChildren() error {
	err := unix.CloseRange(3, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC)
	if err == nil {
		return nil
	}
	open, err := os.ReadDir("/proc/self/fd") // Linux before 5.11
	if err != nil {
		return fmt.Errorf("list the open files: %w", err)
	}
	for _, e := range open {
		if fd, err := strconv.Atoi(e.Name()); err == nil && fd > 2 {
			unix.CloseOnExec(fd)
		}
	}
	return nil
}

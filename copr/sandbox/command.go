package sandbox

import (
	"io"
	"time"
)

// Work is the directory in which a command runs and may write; it begins empty, but for Command.Files.
const Work = "/build"

// Command is what to run.
type Command struct {
	// Args is the command; Args[0] is looked up in the sandbox's PATH.
	Args []string
	// Root is a tree that holds the system to run in; everybody must be able to read it. "" is the host's /usr and what belongs to it.
	Root string
	// Env holds KEY=value beside PATH, HOME, TMPDIR, LANG and LC_ALL. Nothing is inherited.
	Env []string
	// Dir is where it starts. Default Work.
	Dir string
	// Files are put in before it starts.
	Files []File
	// Take says what is taken out after it has ended with 0. Optional.
	Take *Take
	// Output takes stdout and stderr as they come. Optional.
	Output io.Writer
	Limits Limits
}

// File is put into the sandbox: a copy, read through a descriptor that the caller's rights open.
type File struct {
	Name string // below Work, "SOURCES/criu.tar.xz"
	Path string // of the host; or
	Data []byte // the content itself
}

// Limits hold what a command may use. Zero fields have the defaults.
type Limits struct {
	Wall      time.Duration // default 1 h
	CPU       time.Duration // of each process; default Wall
	Memory    int64         // bytes; of all and their files under Work with a cgroup, of each process without. Default 4 GiB
	Processes int           // and threads; default 4096
	Disk      int64         // bytes under Work, a tmpfs: memory, and swap where there is some. Default half of Memory
	FileSize  int64         // bytes of each file; default Disk
	OpenFiles int           // of each process; default 4096
	Output    int64         // bytes of output; the rest is dropped, which a line says. Default 256 MiB
}

func (l Limits) withDefaults() Limits {
	set(&l.Wall, time.Hour)
	set(&l.CPU, l.Wall)
	set(&l.Memory, 4<<30)
	set(&l.Processes, 4096)
	set(&l.Disk, l.Memory/2)
	set(&l.FileSize, l.Disk)
	set(&l.OpenFiles, 4096)
	set(&l.Output, 256<<20)
	return l
}

func set[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Take says which files leave the sandbox, and where to. What is not as it says is refused: then nothing is taken.
type Take struct {
	From   string // directory below Work; its files, not those of directories in it, are taken
	To     string // directory of the host; exists
	Suffix string // ".rpm": other files stay behind, unnoticed
	Files  int    // at most so many; default 1000
	Size   int64  // bytes of all together, holes counted; default 4 GiB
}

// Exit says how a command ended.
type Exit struct {
	// Code is its exit code, 128+n where signal n ended it.
	Code int
	// Reason says which limit ended it, or why its results were refused. "" where neither is so.
	Reason string
	// Taken are the names of the files in Take.To.
	Taken []string
	Took  time.Duration
}

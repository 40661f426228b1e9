package index

import (
	"context"
	"fmt"
	"path"
	"runtime"
	"strconv"
	"time"

	"mirrorctl/repomd"
)

// Signer signs metadata.
type Signer interface {
	// SignRepomd makes the armoured, detached signature of a repomd.xml. An error leaves the repository as it was.
	SignRepomd(ctx context.Context, repomd []byte) ([]byte, error)
}

// Options say what Build makes. The zero value is what every client since EL-6 reads.
type Options struct {
	// Checksum names the algorithm of package ids and of the records in repomd.xml. Default sha256.
	// EL-5 knows no more than "sha", which is SHA-1 under its oldest name.
	Checksum string

	// Compression is gz (the default, and all that yum reads), zst, xz or none.
	Compression string

	// SimpleNames leaves the checksum out of file names: primary.xml.gz. Such a file changes under
	// its name, so Build swaps the whole of repodata/ at once.
	SimpleNames bool

	// Groups is the content of a comps file; Updateinfo that of an updateinfo.xml. Optional.
	Groups, Updateinfo []byte

	// Time is written as timestamp and file time of all metadata, in whole seconds. Default now; equal packages,
	// options and Time make equal bytes.
	Time time.Time

	// Revision is the free text of repomd.xml's <revision>. Default: Time in seconds, as everyone has it.
	Revision string

	// Exclude are patterns of path.Match for files and directories that are left out, relative to the
	// repository: "debug" keeps a repository inside this one apart.
	Exclude []string

	// Changes is how many entries of each change log are taken. Default 10; negative is all.
	Changes int

	// Workers is how many packages are read at once. Default GOMAXPROCS.
	Workers int

	// Signer makes repomd.xml.asc. Then repomd.xml and its signature appear in one step, as with SimpleNames.
	Signer Signer

	// Known remembers packages from one Build to the next. Default: each is read anew.
	Known *Known

	// Unsynced leaves out every fsync, for a caller who makes hundreds of repositories and syncs their
	// filesystem once before anyone may count on them. Readers are as safe as ever; a power cut is not.
	Unsynced bool

	format repomd.Format
}

// withDefaults fills in what is zero and refuses what has no meaning.
func (o Options) withDefaults() (Options, error) {
	if o.Checksum == "" {
		o.Checksum = "sha256"
	}
	if _, err := repomd.NewHash(o.Checksum); err != nil {
		return o, err
	}
	switch o.Compression {
	case "", "gz":
		o.format = repomd.Gzip
	case "zst", "zstd":
		o.format = repomd.Zstd
	case "xz":
		o.format = repomd.XZ
	case "none":
		o.format = repomd.Plain
	default:
		return o, fmt.Errorf("unknown compression %q: want gz, zst, xz or none", o.Compression)
	}
	for _, pattern := range o.Exclude {
		if _, err := path.Match(pattern, ""); err != nil {
			return o, fmt.Errorf("exclude %q: %w", pattern, err)
		}
	}
	if o.Time.IsZero() {
		o.Time = time.Now()
	}
	o.Time = o.Time.Truncate(time.Second)
	if o.Revision == "" {
		o.Revision = strconv.FormatInt(o.Time.Unix(), 10)
	}
	if o.Changes == 0 {
		o.Changes = 10
	}
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	return o, nil
}

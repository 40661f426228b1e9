package fit

import (
	"context"
	"fmt"
	"io/fs"
	"math"
	"strconv"
	"sync"

	"mirrorctl/repomd"
	"mirrorctl/repomd/index"
)

// maxCapabilities bounds the memory of a target. All of Fedora provides 700,000.
const maxCapabilities = 8 << 20

// Target is what the repositories of a distribution offer. It may be shared.
type Target struct {
	provides map[string][]version
	files    map[string]bool // those of primary.xml

	mu     sync.Mutex
	asked  map[string]bool // paths that were looked up in filelists, and whether they are there
	unread []lists
}

type lists struct {
	fsys fs.FS
	dir  string
	data repomd.Data
}

// version is one provided version of a capability.
type version struct {
	flags string // EQ, …; "" for none
	evr   index.EVR
}

// Load reads the metadata of repositories: directories of fsys that hold a repodata/. It is a distribution's own word on
// itself: who mirrored it has verified it.
func Load(ctx context.Context, fsys fs.FS, dirs ...string) (*Target, error) {
	t := &Target{provides: map[string][]version{}, files: map[string]bool{}, asked: map[string]bool{}}
	for _, dir := range dirs {
		if err := t.load(ctx, fsys, dir); err != nil {
			return nil, fmt.Errorf("load what %s offers: %w", dir, err)
		}
	}
	return t, nil
}

func (t *Target) load(ctx context.Context, fsys fs.FS, dir string) error {
	md, err := repomd.Load(fsys, dir)
	if err != nil {
		return err
	}
	primary, ok := md.Find("primary")
	if !ok {
		return fmt.Errorf("repomd.xml lists no primary")
	}
	if filelists, ok := md.Find("filelists"); ok {
		t.unread = append(t.unread, lists{fsys, dir, filelists})
	}
	r, err := repomd.Open(fsys, dir, primary)
	if err != nil {
		return err
	}
	defer r.Close()
	n := 0
	for o, err := range repomd.Offers(r) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		if n += len(o.Provides) + len(o.Files); n > maxCapabilities {
			return fmt.Errorf("over %d capabilities", maxCapabilities)
		}
		for _, c := range o.Provides {
			t.provides[c.Name] = append(t.provides[c.Name], versionOf(c))
		}
		for _, f := range o.Files {
			t.files[f] = true
		}
	}
	return nil
}

func versionOf(c repomd.Capability) version {
	epoch, _ := strconv.ParseUint(c.Epoch, 10, 32)
	return version{c.Flags, index.EVR{Epoch: int64(min(epoch, math.MaxUint32)), Version: c.Version, Release: c.Release}}
}

// hasFile reports whether a package of the target has a file. Paths that primary.xml leaves out are looked for in filelists,
// all that were prepared by wants in one reading.
func (t *Target) hasFile(name string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.files[name] || t.asked[name]
}

// wants looks the paths up in filelists where nobody has before.
func (t *Target) wants(ctx context.Context, paths []string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	missing := map[string]bool{}
	for _, p := range paths {
		if _, known := t.asked[p]; !known && !t.files[p] {
			missing[p] = true
		}
	}
	if len(missing) == 0 {
		return nil
	}
	found := map[string]bool{}
	for _, l := range t.unread {
		if err := l.find(ctx, missing, found); err != nil {
			return fmt.Errorf("look for files in %s: %w", l.dir, err)
		}
	}
	for p := range missing {
		t.asked[p] = found[p]
	}
	return nil
}

func (l lists) find(ctx context.Context, wanted, found map[string]bool) error {
	r, err := repomd.Open(l.fsys, l.dir, l.data)
	if err != nil {
		return err
	}
	defer r.Close()
	n := 0
	for p, err := range repomd.Paths(r) {
		if n++; err == nil && n%1000 == 0 {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		if wanted[p] {
			found[p] = true
		}
	}
	return nil
}

package hot_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mirrorctl/repomd"
	"mirrorctl/repomd/hot"
)

const (
	repomdName    = "repodata/repomd.xml"
	signatureName = "repodata/repomd.xml.asc"
	dir           = "free/fedora/updates/43/x86_64"
)

// files is a repository: content by name below it.
type files map[string][]byte

// recipe says how a state of a repository looks. States differ by seq; later ones are newer.
type recipe struct {
	seq    int
	plain  bool     // names without checksums, as on EL-5
	sum    string   // checksum type; "" is sha256
	signed bool     // with .asc
	types  []string // nil: primary, filelists, group; group is the same in every state
	pad    int      // bytes added to each file but group
	extra  string   // XML inside <repomd>
	noSize bool
}

// make writes a repository by hand.
func (r recipe) make(t testing.TB) files {
	t.Helper()
	out := files{}
	var doc strings.Builder
	fmt.Fprintf(&doc, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<repomd xmlns=\"http://linux.duke.edu/metadata/repo\">\n  <revision>%d</revision>\n", r.seq)
	types := r.types
	if types == nil {
		types = []string{"primary", "filelists", "group"}
	}
	typ := r.sum
	if typ == "" {
		typ = "sha256"
	}
	for _, name := range types {
		data := []byte("the comps of every state")
		if name != "group" {
			data = fmt.Appendf(nil, "%s of state %d\n", name, r.seq)
			pad := make([]byte, r.pad)
			rnd := rand.New(rand.NewPCG(uint64(r.seq), uint64(len(name))))
			for i := range pad {
				pad[i] = byte(rnd.Uint32())
			}
			data = append(data, pad...)
		}
		h, err := repomd.NewHash(typ)
		if err != nil {
			t.Fatal(err)
		}
		h.Write(data)
		digest := hex.EncodeToString(h.Sum(nil))
		href := "repodata/" + digest + "-" + name + ".xml.gz"
		if r.plain {
			href = "repodata/" + name + ".xml.gz"
		}
		size := fmt.Sprintf("<size>%d</size>", len(data))
		if r.noSize {
			size = ""
		}
		fmt.Fprintf(&doc, "  <data type=%q><checksum type=%q>%s</checksum><location href=%q/><timestamp>%d</timestamp>%s</data>\n",
			name, typ, digest, href, 1_600_000_000+r.seq, size)
		out[href] = data
	}
	doc.WriteString(r.extra + "</repomd>\n")
	out[repomdName] = []byte(doc.String())
	if r.signed {
		out[signatureName] = sign(out[repomdName])
	}
	return out
}

// sign stands for gpg --detach-sign --armor: its output depends on each byte of the input.
func sign(raw []byte) []byte {
	return fmt.Appendf(nil, "-----BEGIN PGP SIGNATURE-----\n\n%x\n-----END PGP SIGNATURE-----\n", sha256.Sum256(raw))
}

// listed is the name of the file of a type.
func (f files) listed(t testing.TB, typ string) string {
	t.Helper()
	for name := range f {
		if strings.HasSuffix(name, typ+".xml.gz") {
			return name
		}
	}
	t.Fatalf("no file of type %s", typ)
	return ""
}

// tree is a directory on disk that holds repositories.
type tree struct {
	t    testing.TB
	root string
}

func newTree(t testing.TB) tree { return tree{t, scratch(t)} }

// scratch is a directory in memory, if there is one: what is tested here is not that fsync is slow.
func scratch(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "hot-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func (tr tree) fs() fs.FS { return os.DirFS(tr.root) }

func (tr tree) path(repo, name string) string { return filepath.Join(tr.root, repo, name) }

func (tr tree) must(err error) {
	tr.t.Helper()
	if err != nil {
		tr.t.Fatal(err)
	}
}

// put writes one file, in place, as cp would.
func (tr tree) put(repo, name string, data []byte) {
	tr.t.Helper()
	p := tr.path(repo, name)
	tr.must(os.MkdirAll(filepath.Dir(p), 0o755))
	tr.must(os.WriteFile(p, data, 0o644))
}

func (tr tree) remove(repo, name string) {
	tr.t.Helper()
	tr.must(os.Remove(tr.path(repo, name)))
}

// publish replaces a repository whole, with nothing of the old one left.
func (tr tree) publish(repo string, f files) {
	tr.t.Helper()
	tr.must(os.RemoveAll(tr.path(repo, "repodata")))
	for _, name := range slices.Sorted(maps.Keys(f)) {
		tr.put(repo, name, f[name])
	}
}

// clock is a clock that moves when told.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Now().Add(time.Hour)} } // files written now are settled

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func newCache(t testing.TB, o hot.Options) *hot.Cache {
	t.Helper()
	c, err := hot.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// load expects that the repository is taken, or that there was nothing to take.
func load(t testing.TB, c *hot.Cache, tr tree, repo string, want bool) {
	t.Helper()
	changed, err := c.Load(t.Context(), tr.fs(), repo)
	if err != nil {
		t.Fatal(err)
	}
	if changed != want {
		t.Fatalf("Load: changed is %v, want %v", changed, want)
	}
}

// refuse expects that the repository is not taken, for this reason.
func refuse(t testing.TB, c *hot.Cache, tr tree, repo string, want hot.Reason) {
	t.Helper()
	changed, err := c.Load(t.Context(), tr.fs(), repo)
	var e *hot.Error
	if !errors.As(err, &e) || changed {
		t.Fatalf("Load: changed %v, error %v, want one of reason %q", changed, err, want)
	}
	if e.Reason != want || e.Dir != repo {
		t.Fatalf("Load: %v: reason %q of %q, want %q of %q", err, e.Reason, e.Dir, want, repo)
	}
}

// content reads an object both ways, and holds it against its own figures.
func content(o *hot.Object) ([]byte, error) {
	f, err := o.Open()
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(f)
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	if sha256.Sum256(data) != o.SHA256 || int64(len(data)) != o.Size {
		return nil, fmt.Errorf("%s: the bytes are not those of its SHA-256 and size", o.Name)
	}
	if m := o.Bytes(); m != nil && !bytes.Equal(m, data) {
		return nil, fmt.Errorf("%s: memory and file differ", o.Name)
	}
	return data, nil
}

// serves expects that a client gets every file of f.
func serves(t testing.TB, c *hot.Cache, repo string, f files, client string) {
	t.Helper()
	sees(t, c, repo, repomdName, client, f[repomdName]) // first, as clients do
	for name, data := range f {
		sees(t, c, repo, name, client, data)
	}
}

// sees expects one file; nil means that it is not found.
func sees(t testing.TB, c *hot.Cache, repo, name, client string, want []byte) {
	t.Helper()
	o, ok := c.Lookup(path.Join(repo, name), client)
	if !ok {
		if want != nil {
			t.Errorf("%s: not found", name)
		}
		return
	}
	got, err := content(o)
	switch {
	case err != nil:
		t.Errorf("%s: %v", name, err)
	case want == nil:
		t.Errorf("%s: found, want nothing", name)
	case !bytes.Equal(got, want):
		t.Errorf("%s: got %.60q, want %.60q", name, got, want)
	case o.Name != path.Join(repo, name):
		t.Errorf("%s: its Name is %q", name, o.Name)
	}
}

func statusOf(t testing.TB, c *hot.Cache, repo string) hot.RepoStatus {
	t.Helper()
	for _, s := range c.Status() {
		if s.Dir == repo {
			return s
		}
	}
	t.Fatalf("no status of %q", repo)
	return hot.RepoStatus{}
}

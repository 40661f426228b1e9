package archive

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"slices"
	"sync"

	"golang.org/x/sys/unix"
	"golang.org/x/time/rate"

	"mirrorctl/internal/durable"
	"mirrorctl/repomd"
)

// copyBuffer is how many bytes are moved at once.
const copyBuffer = 1 << 20

type readCloser = io.ReadCloser

var buffers = sync.Pool{New: func() any { return new([copyBuffer]byte) }}

// hashes computes the SHA-256 of a file, and what its claims are made in, in one pass.
type hashes struct {
	sum    hash.Hash
	others []hash.Hash // as long as claims; nil where sum serves
	claims []Claim
	size   int64
}

func newHashes(claims []Claim) (*hashes, error) {
	h := &hashes{sum: sha256.New(), claims: claims, others: make([]hash.Hash, len(claims))}
	for i, c := range claims {
		if c.Hex == "" || c.Algo == "sha256" {
			continue
		}
		if j := slices.IndexFunc(claims[:i], func(d Claim) bool { return d.Algo == c.Algo && d.Hex != "" }); j >= 0 {
			h.others[i] = h.others[j]
			continue
		}
		var err error
		if h.others[i], err = repomd.NewHash(c.Algo); err != nil {
			return nil, err
		}
	}
	return h, nil
}

func (h *hashes) Write(p []byte) (int, error) {
	h.size += int64(len(p))
	h.sum.Write(p)
	for i, o := range h.others {
		if o != nil && !slices.Contains(h.others[:i], o) {
			o.Write(p)
		}
	}
	return len(p), nil
}

func (h *hashes) Sum() Sum { return Sum(h.sum.Sum(nil)) }

// errCorrupt says that a file contradicts its authority.
var errCorrupt = errors.New("contradicts its metadata")

// check holds what was read against every claim.
func (h *hashes) check() error {
	for i, c := range h.claims {
		if c.Size >= 0 && c.Size != h.size {
			return fmt.Errorf("%w: it has %d bytes, %s says %d", errCorrupt, h.size, c.In, c.Size)
		}
		if c.Hex == "" {
			continue
		}
		o := h.others[i]
		if o == nil {
			o = h.sum
		}
		if got := repomd.SumOf(c.Algo, o); !got.Equal(c.checksum()) {
			return fmt.Errorf("%w: its %s is %s, %s says %s", errCorrupt, c.Algo, got.Hex, c.In, c.Hex)
		}
	}
	return nil
}

// errChanged says that a file is no longer what the plan found.
var errChanged = errors.New("changed since the plan was made")

// rootFile is a file of the root on its way into the store. It yields io.EOF only when the
// bytes read are the whole of the file that the plan found, nobody touched it meanwhile, and its
// authority agrees.
type rootFile struct {
	ctx    context.Context
	a      *Archiver
	e      Entry
	f      *os.File
	before Entry // as opened
	hashes *hashes
	accept bool // let a contradiction pass
	end    error
	passed bool // a contradiction was let pass
}

// openRoot opens the file that e describes. A name that is now a symlink, a fifo or another
// inode's is errChanged.
func (a *Archiver) openRoot(ctx context.Context, e Entry, accept bool) (*rootFile, error) {
	d, err := durable.OpenDir(a.root, e.Path.Dir().FS())
	if absent(err) {
		return nil, errChanged
	} else if err != nil {
		return nil, err
	}
	defer d.Close()
	f, err := d.Open(e.Path.Base())
	if absent(err) || errors.Is(err, unix.ELOOP) {
		return nil, errChanged
	} else if err != nil {
		return nil, err
	}
	s := &rootFile{ctx: ctx, a: a, e: e, f: f, accept: accept}
	if s.before, err = s.stat(); err == nil && !unwritten(e, s.before) {
		err = errChanged
	}
	if err == nil {
		s.hashes, err = newHashes(e.Claims)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	// Only advice: where it is refused reading is slower.
	_ = unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_SEQUENTIAL)
	return s, nil
}

// unwritten reports whether a file is the inode, size and time that the plan found. Its ctime
// may differ: another name for it, such as a snapshot's or the archive's own, moves that.
func unwritten(plan, now Entry) bool {
	return now.Type == File && plan.Size == now.Size && plan.MTime == now.MTime && plan.Inode == now.Inode
}

func (s *rootFile) stat() (Entry, error) {
	var st unix.Stat_t
	if err := unix.Fstat(int(s.f.Fd()), &st); err != nil {
		return Entry{}, fmt.Errorf("stat %s: %w", s.e.Path, err)
	}
	t := File
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		t = ""
	}
	e := entryOf(s.e.Path, t, st)
	e.Size = st.Size
	return e, nil
}

// File is the open descriptor.
func (s *rootFile) File() *os.File { return s.f }

func (s *rootFile) Close() error { return s.f.Close() }

// Read hashes what passes, and judges at the end.
func (s *rootFile) Read(p []byte) (int, error) {
	if s.end != nil {
		return 0, s.end
	}
	if len(p) > copyBuffer {
		p = p[:copyBuffer]
	}
	n, err := s.f.Read(p)
	s.hashes.Write(p[:n])
	s.a.prog.bytes.Add(int64(n))
	if err == nil {
		err = wait(s.ctx, s.a.limit, n)
	}
	if err == io.EOF {
		err = s.judge()
	}
	s.end = err
	return n, err
}

// judge looks at the source again and holds its bytes against its authority.
func (s *rootFile) judge() error {
	after, err := s.stat()
	switch {
	case err != nil:
		return err
	case s.hashes.size != s.e.Size, !unwritten(s.before, after):
		return errChanged
	case !s.e.Sum.IsZero() && s.e.Sum != s.hashes.Sum():
		return errChanged // it was hashed before, and its bytes differ now
	}
	named, err := s.a.statRoot(s.e.Path)
	if absent(err) || err == nil && !unwritten(s.before, named) {
		return errChanged // the name leads to another file by now
	} else if err != nil {
		return err
	}
	if err := s.hashes.check(); err != nil {
		if !s.accept {
			return err
		}
		s.passed = true
	}
	return io.EOF
}

// wait spends n bytes of the bandwidth.
func wait(ctx context.Context, l *rate.Limiter, n int) error {
	if err := ctx.Err(); err != nil || l == nil {
		return err
	}
	return l.WaitN(ctx, n)
}

// hashRoot reads a file of the root to its end without storing it.
func (a *Archiver) hashRoot(ctx context.Context, e Entry, accept bool) (sum Sum, passed bool, err error) {
	s, err := a.openRoot(ctx, e, accept)
	if err != nil {
		return Sum{}, false, err
	}
	defer s.Close()
	if err := drain(s); err != nil {
		return Sum{}, false, err
	}
	return s.hashes.Sum(), s.passed, nil
}

// drain reads r to its end.
func drain(r io.Reader) error {
	buf := buffers.Get().(*[copyBuffer]byte)
	defer buffers.Put(buf)
	for {
		if _, err := r.Read(buf[:]); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// hashObject reads an object of the store back.
func hashObject(ctx context.Context, open func(context.Context, Entry) (readCloser, error), e Entry, count func(int)) (*hashes, error) {
	h, err := newHashes(e.Claims)
	if err != nil {
		return nil, err
	}
	r, err := open(ctx, e)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	buf := buffers.Get().(*[copyBuffer]byte)
	defer buffers.Put(buf)
	for {
		n, err := r.Read(buf[:])
		h.Write(buf[:n])
		count(n)
		switch {
		case err == io.EOF:
			return h, nil
		case err != nil:
			return nil, err
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case h.size > e.Size:
			return h, nil // longer than it may be: no need to read an endless one
		}
	}
}

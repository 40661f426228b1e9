package archivetest

import (
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"sync/atomic"

	"mirrorctl/archive"
	"mirrorctl/mirror"
)

func (s *suite) docs() archive.Documents {
	d, ok := s.st.(archive.Documents)
	if !ok {
		s.Skip("SKIP: the store keeps no documents")
	}
	return d
}

func (s *suite) documents() {
	d := s.docs()
	const p mirror.Path = ".mirrorctl/fedora-25/head.json"
	if _, _, err := d.Load(s.ctx, p); !errors.Is(err, fs.ErrNotExist) {
		s.Errorf("load of nothing: %v", err)
	}
	if _, err := d.Swap(s.ctx, p, "some tag", []byte("x")); !errors.Is(err, archive.ErrMoved) {
		s.Errorf("swap of nothing: %v", err)
	}
	one, err := d.Swap(s.ctx, p, "", []byte("one"))
	if err != nil {
		s.Fatal(err)
	}
	if _, err := d.Swap(s.ctx, p, "", []byte("again")); !errors.Is(err, archive.ErrMoved) {
		s.Errorf("created twice: %v", err)
	}
	two, err := d.Swap(s.ctx, p, one, []byte("two"))
	if err != nil {
		s.Fatal(err)
	}
	if _, err := d.Swap(s.ctx, p, one, []byte("three")); !errors.Is(err, archive.ErrMoved) {
		s.Errorf("an old tag was taken: %v", err)
	}
	if data, tag, err := d.Load(s.ctx, p); err != nil || string(data) != "two" || tag != two {
		s.Errorf("%q, %q, %v; want the tag %q", data, tag, err, two)
	}
}

func (s *suite) oneSwapper() {
	d := s.docs()
	const p mirror.Path = ".mirrorctl/el-5/head.json"
	tag, err := d.Swap(s.ctx, p, "", []byte("start"))
	if err != nil {
		s.Fatal(err)
	}
	var won atomic.Int32
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			if _, err := d.Swap(s.ctx, p, tag, fmt.Appendf(nil, "swapper %d", i)); err == nil {
				won.Add(1)
			} else if !errors.Is(err, archive.ErrMoved) {
				s.Errorf("loser: %v", err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		s.Errorf("%d swaps won", won.Load())
	}
}

package s3store_test

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"mirrorctl/archive"
	"mirrorctl/mirror"
	"mirrorctl/test/s3"
)

type onDisk struct{ f *os.File }

func (o onDisk) Read(p []byte) (int, error) { return o.f.Read(p) }
func (o onDisk) File() *os.File             { return o.f }

// Eight files of 40 MiB at once, in parts, take little memory: no part is ever held.
func TestMemory(t *testing.T) {
	const files, size, most = 8, 40 << 20, 64 << 20
	server := s3.Start(t)
	st := open(t, server)
	name := filepath.Join(t.TempDir(), "large")
	if err := os.WriteFile(name, make([]byte, size), 0o644); err != nil {
		t.Fatal(err)
	}
	runtime.GC() // what other tests held
	done, peak := make(chan struct{}), make(chan uint64)
	go func() {
		var most uint64
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapAlloc)
			select {
			case <-done:
				peak <- most
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	began := time.Now()
	var all sync.WaitGroup
	for i := range files {
		all.Go(func() {
			f, err := os.Open(name)
			if err != nil {
				t.Error(err)
				return
			}
			defer f.Close()
			e := archive.Entry{Path: mirror.Path(fmt.Sprintf("large/%d", i)), Type: archive.File, Mode: 0o644, Size: size}
			if err := st.Put(t.Context(), "job", e, onDisk{f}); err != nil {
				t.Error(err)
			}
			r, err := st.Open(t.Context(), e.Path)
			if err != nil {
				t.Error(err)
				return
			}
			defer r.Close()
			if n, err := io.Copy(io.Discard, r); err != nil || n != size {
				t.Errorf("%d bytes back: %v", n, err)
			}
		})
	}
	all.Wait()
	took := time.Since(began)
	close(done)
	heap := <-peak
	fmt.Printf("figure: %d x %d MiB to S3 and back in %.1f s, peak heap %d MiB\n", files, size>>20, took.Seconds(), heap>>20)
	if heap > most {
		t.Errorf("peak heap %d bytes, at most %d", heap, most)
	}
}

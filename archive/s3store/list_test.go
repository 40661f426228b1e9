package s3store_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"mirrorctl/archive"
	"mirrorctl/mirror"
	"mirrorctl/test/s3"
)

// A listing of three pages, put there by other tools, comes whole and in order, once, although the
// middle page is lost, cut or refused. What no path can name is left out, and so is what is ours.
func TestListPages(t *testing.T) {
	const many = 2500
	server := s3.Start(t)
	bucket := server.Bucket("pages")
	st := reopen(t, server, bucket)
	dir := filepath.Join(server.Dir, bucket, "mirror/archive/many")
	for _, d := range []string{dir, filepath.Join(dir, ".mirrorctl"), dir + "-more"} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	names := []string{".mirrorctl/ours", "back\\slash", "../many-more/other"}
	for i := range many {
		names = append(names, fmt.Sprintf("file %04d+ü", i))
	}
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, fault := range append([]s3.Fault{s3.None}, s3.Faults...) {
		t.Run(string(fault), func(t *testing.T) {
			server.Proxy.Inject(func(n int, _ *http.Request) s3.Fault {
				if n == 2 { // after the question for the prefix itself and the first page
					return fault
				}
				return s3.None
			})
			i := 0
			for o, err := range st.List(t.Context(), "many") {
				if err != nil {
					t.Fatal(err)
				}
				if want := mirror.Path(fmt.Sprintf("many/file %04d+ü", i)); o.Path != want || o.Type != archive.File || o.Size != 1 {
					t.Fatalf("%+v, want %s", o, want)
				}
				i++
			}
			if n := server.Proxy.Inject(nil); i != many || n < 4 {
				t.Errorf("%d objects by %d requests", i, n)
			}
		})
	}
	if got, err := content(t.Context(), st, "many/file 0000+ü"); err != nil || got != "x" {
		t.Errorf("%q, %v", got, err)
	}
	// Who stops early gets no more.
	for range st.List(t.Context(), "many") {
		break
	}
	if n := server.Proxy.Inject(nil); n > 4 {
		t.Errorf("%d requests for one object", n)
	}
}

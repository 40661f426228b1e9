package s3store_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"mirrorctl/archive"
	"mirrorctl/archive/archivetest"
	"mirrorctl/archive/s3store"
	"mirrorctl/mirror"
	"mirrorctl/test/s3"
)

func entry(p mirror.Path, data string) archive.Entry {
	return archive.Entry{Path: p, Type: archive.File, Mode: 0o644, Size: int64(len(data)), MTime: archivetest.When.UnixNano()}
}

func put(ctx context.Context, st archive.Store, p mirror.Path, data string) error {
	return st.Put(ctx, "job", entry(p, data), archivetest.NewBytes(data, io.EOF))
}

func content(ctx context.Context, st archive.Store, p mirror.Path) (string, error) {
	r, err := st.Open(ctx, p)
	if err != nil {
		return "", err
	}
	data, err := io.ReadAll(r)
	return string(data), errors.Join(err, r.Close())
}

// action is something done to a store whose requests are made to fail one by one.
type action struct {
	name     string
	requests int // at least
	do       func(ctx context.Context, st *s3store.Store, p mirror.Path) error
}

var large = strings.Repeat("0123456789abcdef", 6<<16) // 6 MiB: two parts

var actions = []action{
	{"put", 1, func(ctx context.Context, st *s3store.Store, p mirror.Path) error { return put(ctx, st, p, "content") }},
	{"put in parts", 5, func(ctx context.Context, st *s3store.Store, p mirror.Path) error { return put(ctx, st, p, large) }},
	{"documents", 3, func(ctx context.Context, st *s3store.Store, p mirror.Path) error {
		tag, err := st.Swap(ctx, p, "", []byte("one"))
		if err == nil {
			_, err = st.Swap(ctx, p, tag, []byte("two"))
		}
		if err != nil {
			return err
		}
		data, _, err := st.Load(ctx, p)
		if err == nil && string(data) != "two" {
			return fmt.Errorf("holds %q", data)
		}
		return err
	}},
	{"stat and list", 3, func(ctx context.Context, st *s3store.Store, _ mirror.Path) error {
		if _, err := st.Stat(ctx, "there/file"); err != nil {
			return err
		}
		n := 0
		for _, err := range st.List(ctx, "there") {
			if err != nil {
				return err
			}
			n++
		}
		if n != 1 {
			return fmt.Errorf("%d objects listed", n)
		}
		return nil
	}},
	{"remove", 1, func(ctx context.Context, st *s3store.Store, p mirror.Path) error {
		return st.Remove(ctx, archive.Object{Path: p, Type: archive.File})
	}},
}

// One fault at any request of any action is mended within it, whether the request was done or not:
// no rival is seen in a lost answer, and nothing is half there.
func TestOneFault(t *testing.T) {
	server := s3.Start(t)
	st := open(t, server).Hasty()
	ctx := t.Context()
	if err := put(ctx, st, "there/file", "content"); err != nil {
		t.Fatal(err)
	}
	cases := 0
	for _, a := range actions {
		server.Proxy.Inject(nil)
		if err := a.do(ctx, st, mirror.Path("plain/"+a.name)); err != nil {
			t.Fatalf("%s: %v", a.name, err)
		}
		n := server.Proxy.Inject(nil)
		if n < a.requests {
			t.Fatalf("%s took %d requests", a.name, n)
		}
		for _, fault := range s3.Faults {
			for i := range n {
				p := mirror.Path(fmt.Sprintf("%s/%s/%d", a.name, fault, i))
				server.Proxy.Inject(func(n int, _ *http.Request) s3.Fault {
					if n == i {
						return fault
					}
					return s3.None
				})
				err := a.do(ctx, st, p)
				server.Proxy.Inject(nil)
				if err != nil {
					t.Errorf("%s, request %d of %d: %s: %v", a.name, i, n, fault, err)
				}
				want := map[string]string{"put": "content", "put in parts": large}[a.name]
				if got, err := content(ctx, st, p); want != "" && (err != nil || got != want) {
					t.Errorf("%s, request %d: %s: %d bytes there: %v", a.name, i, fault, len(got), err)
				}
				cases++
			}
		}
	}
	fmt.Printf("figure: %d single faults at S3 requests, each mended\n", cases)
}

// When nothing answers any more, from any request on, the error says so in one line, is temporary,
// and keeps the keys to itself; what is there is whole, and the next attempt ends well.
func TestOutage(t *testing.T) {
	server := s3.Start(t)
	st := open(t, server).Hasty()
	ctx := t.Context()
	if err := put(ctx, st, "there/file", "content"); err != nil {
		t.Fatal(err)
	}
	a := actions[1]
	for _, fault := range []s3.Fault{s3.Drop, s3.Unavailable, s3.Lose} {
		for i := range a.requests {
			t.Run(fmt.Sprintf("%s %d", fault, i), func(t *testing.T) {
				p := mirror.Path(fmt.Sprintf("%s/%d", fault, i))
				server.Proxy.Inject(func(n int, _ *http.Request) s3.Fault {
					if n >= i {
						return fault
					}
					return s3.None
				})
				err := a.do(ctx, st, p)
				server.Proxy.Inject(nil)
				var temporary interface{ Temporary() bool }
				if fault != s3.Lose || err != nil {
					if !errors.As(err, &temporary) || !temporary.Temporary() && i < a.requests-1 {
						t.Fatalf("not temporary: %v", err)
					}
					text := err.Error()
					if strings.Contains(text, s3.SecretKey) || strings.Contains(text, s3.AccessKey) || strings.Contains(text, "\n") || !strings.Contains(text, "s3://bucket-") {
						t.Errorf("the error reads %q", text)
					}
				}
				if got, err := content(ctx, st, p); err == nil && got != large || err != nil && !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("%d bytes there: %v", len(got), err)
				}
				if err := a.do(ctx, st, p); err != nil && !errors.Is(err, fs.ErrExist) {
					t.Errorf("the next attempt: %v", err)
				}
				if got, err := content(ctx, st, p); err != nil || got != large {
					t.Errorf("%d bytes there: %v", len(got), err)
				}
			})
		}
	}
	dirs := []mirror.Path{mirror.Path(s3.Drop), mirror.Path(s3.Unavailable), mirror.Path(s3.Lose)}
	if err := st.Sweep(ctx, "another job", dirs); err != nil {
		t.Fatal(err)
	}
	if n := uploads(t, st); n == 0 {
		t.Error("another job's sweep took this job's uploads")
	}
	if err := st.Sweep(ctx, "job", dirs); err != nil {
		t.Fatal(err)
	}
	if n := uploads(t, st); n > 0 {
		t.Errorf("%d uploads left open", n)
	}
}

// A body that breaks off is an error, never a short file.
func TestCutBody(t *testing.T) {
	server := s3.Start(t)
	st := open(t, server)
	if err := put(t.Context(), st, "a/file", large); err != nil {
		t.Fatal(err)
	}
	server.Proxy.Inject(func(int, *http.Request) s3.Fault { return s3.Cut })
	got, err := content(t.Context(), st, "a/file")
	var e *s3store.Error
	if !errors.As(err, &e) || !e.Temporary() || len(got) >= len(large) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

// The end of a context ends a Put that waits for a store which does not answer.
func TestCancelInBackOff(t *testing.T) {
	server := s3.Start(t)
	st := open(t, server)
	server.Proxy.Inject(func(int, *http.Request) s3.Fault { return s3.Unavailable })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := put(ctx, st, "a/file", "x"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}

// A wrong key, a bucket that is not there: said, and never taken for absence.
func TestMisconfigured(t *testing.T) {
	server := s3.Start(t)
	c := config(server, "no-such-bucket")
	for name, change := range map[string]func(*s3store.Config){
		"bucket": func(*s3store.Config) {},
		"key": func(c *s3store.Config) {
			c.Credentials.SecretKey = "canary-of-another-key"
			c.Bucket = server.Bucket("there")
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := c
			change(&c)
			st, err := s3store.Open(c)
			if err != nil {
				t.Fatal(err)
			}
			perr := put(t.Context(), st, "a", "x")
			var lerr error
			for _, lerr = range st.List(t.Context(), "") {
				break
			}
			for _, err := range []error{perr, lerr} {
				if err == nil || errors.Is(err, fs.ErrNotExist) || strings.Contains(err.Error(), c.Credentials.SecretKey) {
					t.Errorf("%v", err)
				}
			}
		})
	}
}

// naive is an S3 store that does not know of conditions, as some are.
type naive struct {
	mu      sync.Mutex
	objects map[string]http.Header
}

func (n *naive) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch r.Method {
	case http.MethodPut:
		_, _ = io.Copy(io.Discard, r.Body)
		n.objects[r.URL.Path] = r.Header
		w.Header().Set("ETag", `"00"`)
	case http.MethodDelete:
		delete(n.objects, r.URL.Path)
		w.WriteHeader(http.StatusNoContent)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

// A store that ignores conditions is refused before anything is kept in it.
func TestRefusesNaiveStore(t *testing.T) {
	n := &naive{objects: map[string]http.Header{}}
	server := httptest.NewServer(n)
	defer server.Close()
	st, err := s3store.Open(s3store.Config{Endpoint: server.URL, Bucket: "bucket", Credentials: s3store.Credentials{AccessKey: "a", SecretKey: "s"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := put(t.Context(), st, "a/file", "x"); !errors.Is(err, s3store.ErrUnfit) || !strings.Contains(err.Error(), "every writer would win") {
		t.Errorf("put: %v", err)
	}
	if _, err := st.Swap(t.Context(), ".mirrorctl/x", "", nil); !errors.Is(err, s3store.ErrUnfit) {
		t.Errorf("swap: %v", err)
	}
	if len(n.objects) > 0 {
		t.Errorf("left: %v", n.objects)
	}
}

// Large files have one winner too, and none replaces another, equal or not.
func TestOneWinnerInParts(t *testing.T) {
	server := s3.Start(t)
	st := open(t, server)
	errs := make([]error, 8)
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() { errs[i] = put(t.Context(), st, "race", large+fmt.Sprint(i)) })
	}
	all.Wait()
	won := -1
	for i, err := range errs {
		switch {
		case err == nil && won >= 0:
			t.Errorf("%d and %d won", won, i)
		case err == nil:
			won = i
		case !errors.Is(err, fs.ErrExist):
			t.Errorf("loser: %v", err)
		}
	}
	if got, err := content(t.Context(), st, "race"); won < 0 || err != nil || got != large+fmt.Sprint(won) {
		t.Errorf("%d won; %d bytes there: %v", won, len(got), err)
	}
	if n := uploads(t, st); n > 0 {
		t.Errorf("%d uploads left open", n)
	}
}

package repomd_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"mirrorctl/repomd"
)

// allocated is how many bytes f allocates in all, freed or not.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// zeros gives n bytes of nothing.
func zeros(n int64) io.Reader { return io.LimitReader(zero{}, n) }

type zero struct{}

func (zero) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// bombs are so many MiB of zeros, by every format.
func bombs(tb testing.TB, mib int64) map[string][]byte {
	tb.Helper()
	all := map[string][]byte{}
	for _, f := range []repomd.Format{repomd.Gzip, repomd.Zstd} {
		var b bytes.Buffer
		w, err := repomd.NewWriter(&b, f)
		if err != nil {
			tb.Fatal(err)
		}
		if _, err := io.Copy(w, zeros(mib<<20)); err != nil {
			tb.Fatal(err)
		}
		if err := w.Close(); err != nil {
			tb.Fatal(err)
		}
		all[string(f)] = b.Bytes()
	}
	for name, command := range map[string]string{
		"xz":           "head -c $0 /dev/zero | xz -c",
		"bz2":          "head -c $0 /dev/zero | bzip2 -c",
		"zst ultra":    "head -c $0 /dev/zero | zstd -qc --ultra -22 --long=27",
		"zst too long": "head -c $0 /dev/zero | zstd -qc --long=30",
		"zck":          "d=$(mktemp -d); head -c $0 /dev/zero >$d/z; zck -o $d/z.zck $d/z; cat $d/z.zck; rm -r $d",
	} {
		if raw, err := exec.Command("sh", "-ec", command, fmt.Sprint(mib<<20)).Output(); err == nil {
			all[name] = raw
		} else {
			tb.Logf("SKIP: no bomb %s: %v", name, err)
		}
	}
	return all
}

func TestBombs(t *testing.T) {
	for name, raw := range bombs(t, 32) {
		for _, lim := range []struct {
			name   string
			limits repomd.Limits
			most   int
		}{
			{"nobody knows how large", repomd.UnknownSize, max(16<<20, 200*len(raw)) + 1<<20},
			{"listed as 1000 bytes", repomd.Data{OpenSize: 1000}.Limits(), 1000},
			{"listed as nothing", repomd.Data{OpenSize: 0}.Limits(), 0},
			{"the zero Limits", repomd.Limits{}, 0},
		} {
			t.Run(name+"/"+lim.name, func(t *testing.T) {
				var n int64
				var err error
				start := time.Now()
				used := allocated(func() {
					var r io.ReadCloser
					if r, err = repomd.NewReader(bytes.NewReader(raw), lim.limits); err != nil {
						return
					}
					defer r.Close()
					n, err = io.Copy(io.Discard, r)
				})
				took := time.Since(start)
				t.Logf("%d bytes → %d in %s, %d MiB allocated: %v", len(raw), n, took.Round(time.Millisecond), used>>20, err)
				if err == nil {
					t.Error("not noticed")
				}
				if !errors.Is(err, repomd.ErrTooLarge) && name != "zst too long" {
					t.Errorf("error %v, want ErrTooLarge", err)
				}
				if int(n) > lim.most {
					t.Errorf("%d bytes came out, at most %d wanted", n, lim.most)
				}
				// zstd may ask for a window of 128 MiB, twice
				if used > 300<<20 {
					t.Errorf("%d MiB allocated", used>>20)
				}
				if took > 30*time.Second {
					t.Errorf("took %s", took)
				}
			})
		}
	}
}

// What was declared is let through at any ratio: 64 MiB of zeros are odd, not wrong.
func TestDeclaredSizeIsNoBomb(t *testing.T) {
	var b bytes.Buffer
	w, err := repomd.NewWriter(&b, repomd.Zstd)
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(w, zeros(64<<20))
	w.Close()
	sum := sha256.Sum256(b.Bytes())
	d := repomd.Data{
		Type: "primary", Href: "primary.xml.zst", Size: int64(b.Len()), OpenSize: 64 << 20, HeaderSize: -1,
		Checksum: repomd.Checksum{Type: "sha256", Hex: hex.EncodeToString(sum[:])},
	}
	if err := d.Check(&b); err != nil {
		t.Error(err)
	}
}

// An XML bomb is refused by depth, count or token size, whatever its bytes.
func TestXMLBombs(t *testing.T) {
	for name, doc := range map[string]io.Reader{
		"nesting":       io.MultiReader(strings.NewReader("<metadata>"), repeated("<a>", 1<<30)),
		"one tag":       io.MultiReader(strings.NewReader("<metadata><a b='"), repeated("x", 1<<30)),
		"one text":      io.MultiReader(strings.NewReader("<metadata>"), repeated("x", 1<<30)),
		"one comment":   io.MultiReader(strings.NewReader("<metadata><!--"), repeated("x", 1<<30)),
		"one package":   io.MultiReader(strings.NewReader("<metadata><package>"), repeated("<a/>", 1<<30)),
		"one other":     io.MultiReader(strings.NewReader("<metadata><other>"), repeated("<a/>", 1<<30)),
		"one summary":   io.MultiReader(strings.NewReader("<metadata><package><summary>"), repeated("<![CDATA[x]]>", 1<<30)),
		"a long prolog": repeated(" ", 1<<30),
	} {
		t.Run(name, func(t *testing.T) {
			var err error
			start := time.Now()
			used := allocated(func() {
				for _, err = range repomd.Packages(doc) {
				}
			})
			t.Logf("%s, %d KiB allocated: %v", time.Since(start).Round(time.Millisecond), used>>10, err)
			if err == nil {
				t.Error("not noticed")
			}
			if used > 64<<20 {
				t.Errorf("%d MiB allocated", used>>20)
			}
		})
	}
}

// repeated gives s again and again, n bytes in all.
func repeated(s string, n int64) io.Reader {
	return io.LimitReader(&repeater{s: strings.Repeat(s, 4096)}, n)
}

type repeater struct {
	s   string
	pos int
}

func (r *repeater) Read(p []byte) (int, error) {
	n := copy(p, r.s[r.pos:])
	r.pos = (r.pos + n) % len(r.s)
	return n, nil
}

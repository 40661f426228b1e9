package repomd_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"mirrorctl/repomd"
)

// sample is compressible text of n bytes, the same every time.
func sample(n int) []byte {
	random := rand.New(rand.NewPCG(1, 2))
	var b bytes.Buffer
	for b.Len() < n {
		fmt.Fprintf(&b, "<package pkgid=%q name=\"p%d\"/>\n", fmt.Sprintf("%016x", random.Uint64()), random.IntN(500))
	}
	return b.Bytes()[:n]
}

func readAll(raw []byte, lim repomd.Limits) ([]byte, error) {
	r, err := repomd.NewReader(bytes.NewReader(raw), lim)
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(r)
	return content, errors.Join(err, r.Close())
}

func compress(tb testing.TB, f repomd.Format, content []byte) []byte {
	tb.Helper()
	var b bytes.Buffer
	w, err := repomd.NewWriter(&b, f)
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := w.Write(content); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func TestWriterReader(t *testing.T) {
	for _, f := range []repomd.Format{repomd.Plain, repomd.Gzip, repomd.XZ, repomd.Zstd} {
		for _, size := range []int{0, 1, 1000, 1 << 20} {
			content := sample(size)
			raw := compress(t, f, content)
			if got := repomd.Detect(raw); got != f {
				t.Errorf("%s: detected as %q", f, got)
			}
			if !bytes.Equal(raw, compress(t, f, content)) {
				t.Errorf("%s: not reproducible", f)
			}
			got, err := readAll(raw, repomd.Limits{Output: int64(size)})
			if err != nil || !bytes.Equal(got, content) {
				t.Errorf("%s, %d bytes: got %d, %v", f, size, len(got), err)
			}
		}
	}
	for _, f := range []repomd.Format{repomd.Bzip2, repomd.Zchunk, "lz4"} {
		if _, err := repomd.NewWriter(io.Discard, f); err == nil {
			t.Errorf("a writer for %q", f)
		}
	}
}

// Files as the world's own tools write them.
func TestReaderAgainstTools(t *testing.T) {
	content := sample(100_000)
	dir := t.TempDir()
	name := filepath.Join(dir, "content")
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		tool   string // a shell command that writes $1, compressed, to stdout
		format repomd.Format
		times  int // how often the content comes out
	}{
		{"gzip -c $1", repomd.Gzip, 1},
		{"gzip -c $1; gzip -1nc $1", repomd.Gzip, 2},
		{"bzip2 -c $1", repomd.Bzip2, 1},
		{"bzip2 -1c $1; bzip2 -c $1", repomd.Bzip2, 2},
		{"bzip2 -c /dev/null", repomd.Bzip2, 0},
		{"xz -c $1", repomd.XZ, 1},
		{"xz -c /dev/null", repomd.XZ, 0},
		{"xz -9ec --check=none $1", repomd.XZ, 1},
		{"xz -c --check=crc32 --block-size=10000 $1", repomd.XZ, 1},
		{"xz -c --check=sha256 -T2 --block-size=30000 $1", repomd.XZ, 1},
		{"xz -c --block-list=1,20000,300,40000 $1", repomd.XZ, 1},
		{"xz -c $1; head -c 8 /dev/zero; xz -1c $1; head -c 4 /dev/zero", repomd.XZ, 2},
		{"zstd -qc $1", repomd.Zstd, 1},
		{"zstd -qc --ultra -22 --long=27 --check $1; zstd -qc --no-check $1", repomd.Zstd, 2},
		{"zstd -qc < $1", repomd.Zstd, 1}, // without the size in its header
		{"zck -o $1.a $1; cat $1.a", repomd.Zchunk, 1},
		{"zck -o $1.b -s '<package' -h sha512 $1; cat $1.b", repomd.Zchunk, 1},
		{"zck -o $1.c -u $1; cat $1.c", repomd.Zchunk, 1},
		{"zck -o $1.d --compression-format=none $1; cat $1.d", repomd.Zchunk, 1},
		{"zck -o $1.e -h sha256 -D $0 $1; cat $1.e", repomd.Zchunk, 1}, // a raw dictionary
		{"split -l 40 $1 $1.part; zstd -q --train $1.part* --maxdict=4000 -o $1.dict; zck -o $1.f -D $1.dict $1; cat $1.f", repomd.Zchunk, 1},
	} {
		t.Run(test.tool, func(t *testing.T) {
			tool := test.tool[:bytes.IndexByte([]byte(test.tool), ' ')]
			if _, err := exec.LookPath(tool); err != nil {
				t.Skipf("SKIP: %s is missing", tool)
			}
			dict := filepath.Join(dir, "raw.dict")
			if err := os.WriteFile(dict, content[:5000], 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command("sh", "-ec", test.tool, dict, name)
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			raw, err := cmd.Output()
			if err != nil {
				t.Fatalf("%v: %s", err, &stderr)
			}
			if got := repomd.Detect(raw); got != test.format {
				t.Errorf("detected as %q, want %q", got, test.format)
			}
			want := bytes.Repeat(content, test.times)
			got, err := readAll(raw, repomd.Limits{Output: int64(len(want))})
			if err != nil || !bytes.Equal(got, want) {
				t.Fatalf("got %d bytes, %v; want %d", len(got), err, len(want))
			}
			tamper(t, raw, want)
		})
	}
}

// tamper cuts raw and flips its bits: what is read then is a prefix of want, or an error, or want.
func tamper(t *testing.T, raw, want []byte) {
	t.Helper()
	random := rand.New(rand.NewPCG(3, 4))
	for range 15 {
		bad := bytes.Clone(raw)
		cut := random.IntN(2) == 0
		if cut {
			bad = bad[:random.IntN(len(bad))]
		} else {
			bad[random.IntN(len(bad))] ^= 1 << random.IntN(8)
		}
		got, err := readAll(bad, repomd.Limits{Output: int64(len(want))})
		if len(got) > len(want) {
			t.Fatalf("%d bytes beyond the limit", len(got)-len(want))
		}
		if cut && len(bad) > 10 && err == nil && len(got) == len(want) && len(want) > 0 && len(bad) < len(raw)-12 {
			t.Fatalf("cut to %d of %d bytes and not noticed", len(bad), len(raw))
		}
	}
}

// A block may ask for a dictionary of 4 GiB with a few bytes; so may every later block and stream.
func TestXZDictionaries(t *testing.T) {
	if _, err := exec.LookPath("xz"); err != nil {
		t.Skip("SKIP: xz is missing")
	}
	for _, test := range []struct {
		name, command string
		good          bool
	}{
		{"64 MiB", "echo | xz -c --lzma2=dict=64MiB", true},
		{"65 MiB", "echo | xz -c --lzma2=dict=65MiB", false},
		{"1536 MiB", "echo | xz -c --lzma2=preset=0,dict=1536MiB", false},
		{"1536 MiB in the second stream", "echo | xz -c; echo | xz -c --lzma2=preset=0,dict=1536MiB", false},
		{"100 streams of 64 MiB and nothing else", "for i in $(seq 100); do echo | xz -0c --lzma2=preset=0,dict=64MiB; done", false},
		{"another filter", "echo | xz -c --x86 --lzma2", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			raw, err := exec.Command("sh", "-ec", test.command).Output()
			if err != nil {
				t.Skipf("SKIP: xz says %v", err)
			}
			used := allocated(func() { _, err = readAll(raw, repomd.UnknownSize) })
			if (err == nil) != test.good {
				t.Errorf("error %v, want accepted %v", err, test.good)
			}
			if used > 300<<20 {
				t.Errorf("%d MiB allocated", used>>20)
			}
		})
	}
}

package repomd_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/tdewolff/parse/v2"
	tdxml "github.com/tdewolff/parse/v2/xml"

	"mirrorctl/repomd"
)

const centos = "../../shared/data/centos-stream-9-appstream"

// centosPrimary is the primary.xml of CentOS Stream 9 AppStream: 51.8 MB, 17,649 packages.
func centosPrimary(tb testing.TB) []byte {
	tb.Helper()
	fsys := os.DirFS(centos)
	r, err := repomd.Load(fsys, ".")
	if err != nil {
		tb.Skip("SKIP: the metadata of CentOS Stream 9 is missing: ", err)
	}
	content, err := repomd.Open(fsys, ".", r.Data[0])
	if err != nil {
		tb.Fatal(err)
	}
	defer content.Close()
	primary, err := io.ReadAll(content)
	if err != nil {
		tb.Fatal(err)
	}
	return primary
}

// BenchmarkPrimary reads the same 51.8 MB by this package, by encoding/xml (every token, and
// into a struct) and by the lexer of tdewolff/parse, which wants the whole document in memory.
func BenchmarkPrimary(b *testing.B) {
	primary := centosPrimary(b)
	for _, bench := range []struct {
		name string
		read func() (packages int, err error)
	}{
		{"Packages", func() (n int, err error) {
			for _, err := range repomd.Packages(bytes.NewReader(primary)) {
				if err != nil {
					return n, err
				}
				n++
			}
			return n, nil
		}},
		{"encoding/xml tokens", func() (n int, err error) {
			for dec := xml.NewDecoder(bytes.NewReader(primary)); ; {
				tok, err := dec.RawToken()
				if err == io.EOF {
					return n, nil
				} else if err != nil {
					return n, err
				}
				if start, ok := tok.(xml.StartElement); ok && start.Name.Local == "package" {
					n++
				}
			}
		}},
		{"encoding/xml struct", func() (n int, err error) {
			for _, err := range oraclePackages(bytes.NewReader(primary)) {
				if err != nil {
					return n, err
				}
				n++
			}
			return n, nil
		}},
		{"tdewolff lexer", func() (n int, err error) {
			lexer := tdxml.NewLexer(parse.NewInputBytes(primary))
			for {
				switch tok, _ := lexer.Next(); tok {
				case tdxml.ErrorToken:
					if lexer.Err() == io.EOF {
						return n, nil
					}
					return n, lexer.Err()
				case tdxml.StartTagToken:
					if string(lexer.Text()) == "package" {
						n++
					}
				}
			}
		}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.SetBytes(int64(len(primary)))
			b.ReportAllocs()
			for b.Loop() {
				n, err := bench.read()
				if err != nil {
					b.Fatal(err)
				}
				if n != 17649 {
					b.Fatalf("%d packages, want 17649", n)
				}
			}
		})
	}
}

// BenchmarkCheck is what verifying a package costs: its hash and little else.
func BenchmarkCheck(b *testing.B) {
	content := sample(64 << 20)
	sum := sha256.Sum256(content)
	d := repomd.Data{
		Href: "a.rpm", Size: int64(len(content)), OpenSize: -1, HeaderSize: -1,
		Checksum: repomd.Checksum{Type: "sha256", Hex: hex.EncodeToString(sum[:])},
	}
	name := filepath.Join(b.TempDir(), "a.rpm")
	if err := os.WriteFile(name, content, 0o600); err != nil {
		b.Fatal(err)
	}
	b.Run("file", func(b *testing.B) {
		b.SetBytes(d.Size)
		b.ReportAllocs()
		for b.Loop() {
			f, err := os.Open(name)
			if err != nil {
				b.Fatal(err)
			}
			if err := d.Check(f); err != nil {
				b.Fatal(err)
			}
			f.Close()
		}
	})
	b.Run("SHA-256 alone", func(b *testing.B) {
		b.SetBytes(d.Size)
		for b.Loop() {
			sha256.Sum256(content)
		}
	})
}

// BenchmarkVerify is CentOS's metadata as far as they are at hand: 55 MB of content.
func BenchmarkVerify(b *testing.B) {
	b.SetBytes(int64(len(centosPrimary(b))))
	for b.Loop() {
		if _, err := repomd.Verify(b.Context(), os.DirFS(centos), ".", repomd.VerifyOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}

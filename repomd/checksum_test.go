package repomd_test

import (
	"strings"
	"testing"

	"mirrorctl/repomd"
)

func TestNewHash(t *testing.T) {
	// printf abc | md5sum, sha1sum, …
	for typ, want := range map[string]string{
		"md5":    "900150983cd24fb0d6963f7d28e17f72",
		"sha":    "a9993e364706816aba3e25717850c26c9cd0d89d",
		"sha1":   "a9993e364706816aba3e25717850c26c9cd0d89d",
		"sha224": "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7",
		"sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		"sha384": "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
		"sha512": "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
	} {
		h, err := repomd.NewHash(typ)
		if err != nil {
			t.Fatal(err)
		}
		h.Write([]byte("abc"))
		if got := repomd.SumOf(typ, h); got.String() != typ+":"+want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	for _, typ := range []string{"", "SHA256", "sha3", "crc32", strings.Repeat("x", 1000)} {
		if _, err := repomd.NewHash(typ); err == nil || len(err.Error()) > 200 {
			t.Errorf("%.20q: error %v", typ, err)
		}
	}
}

func TestChecksumEqual(t *testing.T) {
	sum := func(typ, hex string) repomd.Checksum { return repomd.Checksum{Type: typ, Hex: hex} }
	for _, test := range []struct {
		name string
		a, b repomd.Checksum
		want bool
	}{
		{"same", sum("sha256", sha256Hex), sum("sha256", sha256Hex), true},
		{"two names of one algorithm", sum("sha", sha1Hex), sum("sha1", sha1Hex), true},
		{"upper case", sum("sha1", strings.ToUpper(sha1Hex)), sum("sha1", sha1Hex), true},
		{"two algorithms", sum("sha256", sha256Hex), sum("sha512", sha256Hex), false},
		{"two digests", sum("sha", sha1Hex), sum("sha", sha1Hex[1:]+"0"), false},
		{"nothing is proved by nothing", sum("sha", ""), sum("sha", ""), false},
		{"something by nothing", sum("sha", sha1Hex), repomd.Checksum{}, false},
	} {
		if test.a.Equal(test.b) != test.want || test.b.Equal(test.a) != test.want {
			t.Errorf("%s: want %v", test.name, test.want)
		}
	}
	if got := (repomd.Checksum{}).String(); got != "" {
		t.Errorf("no checksum prints as %q", got)
	}
}

func TestChecksumErrorText(t *testing.T) {
	err := &repomd.ChecksumError{Name: "repodata/a", Fault: repomd.WrongSize, Want: "2 bytes", Got: "1 bytes"}
	const want = `"repodata/a": size is 1 bytes, the repository lists 2 bytes: damaged, or being replaced; fetch it again`
	if err.Error() != want {
		t.Errorf("got  %s\nwant %s", err, want)
	}
}

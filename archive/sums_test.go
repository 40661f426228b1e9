package archive

import (
	"fmt"
	"strings"
	"testing"
)

var (
	hex256 = strings.Repeat("0a", 32)
	hex1   = strings.Repeat("1b", 20)
	hexMD5 = strings.Repeat("2c", 16)
)

func TestParseTreeinfo(t *testing.T) {
	got := parseTreeinfo([]byte("[general]\nimages/no.img = sha256:" + hex256 + "\n[checksums]\r\nimages/boot.iso = sha256:" + hex256 + "\r\nimages/a=b.img = md5:" + hexMD5 +
		"\nimages/short = sha256:abcd\nimages/odd = crc32:0000\nno value\n\n[images-x86_64]\nkernel = sha256:" + hex256 + "\n"))
	want := []listedSum{{"images/boot.iso", -1, "sha256", hex256}}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// The three forms that mirrors carry, signed or not.
func TestParseSums(t *testing.T) {
	tests := []struct {
		name, data string
		want       []listedSum
	}{
		{"Fedora, clear-signed", "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n# Fedora-25.iso: 2082127872 bytes\nSHA256 (Fedora-25.iso) = " + strings.ToUpper(hex256) + "\n-----BEGIN PGP SIGNATURE-----\niQ==\n",
			[]listedSum{{"Fedora-25.iso", 2082127872, "sha256", hex256}}},
		{"coreutils", hex256 + "  a b.iso\n" + hex1 + " *b.iso\n" + hexMD5 + "  c.iso\r\n",
			[]listedSum{{"a b.iso", -1, "sha256", hex256}, {"b.iso", -1, "sha1", hex1}, {"c.iso", -1, "md5", hexMD5}}},
		{"parentheses in a name", "SHA1 (a (1).iso) = " + hex1 + "\n", []listedSum{{"a (1).iso", -1, "sha1", hex1}}},
		{"nonsense", "SHA256 (x) = zz\n= \n()\n" + hex256 + "\n" + hex256 + " x\nSHA3 (x) = " + hex256 + "\n# x: -5 bytes\n", nil},
		{"empty", "", nil},
	}
	for _, tt := range tests {
		if got := parseSums([]byte(tt.data)); fmt.Sprint(got) != fmt.Sprint(tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func FuzzSums(f *testing.F) {
	f.Add([]byte("[checksums]\nimages/boot.iso = sha256:" + hex256 + "\n"))
	f.Add([]byte("# x: 5 bytes\nSHA256 (x) = " + hex256 + "\n" + hex1 + " *b.iso\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, s := range append(parseTreeinfo(data), parseSums(data)...) {
			if len(s.hex) != digestLen[s.algo] || s.name == "" || s.size < -1 {
				t.Fatalf("%+v", s)
			}
		}
	})
}

package index_test

import (
	"bufio"
	"os"
	"strconv"
	"strings"
	"testing"

	"mirrorctl/repomd/index"
)

// TestCompareVersionsAsRPM holds the comparison against what rpm itself said of each pair.
func TestCompareVersionsAsRPM(t *testing.T) {
	f, err := os.Open("testdata/vercmp.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	pairs := 0
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		cols := strings.Split(lines.Text(), "\t")
		if len(cols) != 3 {
			t.Fatalf("bad line %q", lines.Text())
		}
		want, err := strconv.Atoi(cols[0])
		if err != nil {
			t.Fatal(err)
		}
		if got := index.CompareVersions(cols[1], cols[2]); got != want {
			t.Errorf("CompareVersions(%q, %q) = %d, rpm says %d", cols[1], cols[2], got, want)
		}
		pairs++
	}
	if pairs < 300 {
		t.Fatalf("only %d pairs in the file", pairs)
	}
}

func TestParseEVR(t *testing.T) {
	tests := []struct {
		in   string
		want index.EVR
		ok   bool
	}{
		{"1.0-2.fc43", index.EVR{Version: "1.0", Release: "2.fc43"}, true},
		{"3:1.0-2", index.EVR{Epoch: 3, Version: "1.0", Release: "2"}, true},
		{":1.0", index.EVR{Version: "1.0"}, true},
		{"1.0", index.EVR{Version: "1.0"}, true},
		{"", index.EVR{}, true},
		{"1.0-2-3", index.EVR{Version: "1.0", Release: "2-3"}, true},
		{"x:1.0", index.EVR{}, false},
		{"-1:1.0", index.EVR{}, false},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			got, ok := index.ParseEVR(tt.in)
			if got != tt.want || ok != tt.ok {
				t.Errorf("ParseEVR(%q) = %+v, %v; want %+v, %v", tt.in, got, ok, tt.want, tt.ok)
			}
		})
	}
}

func TestCompareEVR(t *testing.T) {
	// From old to new: the epoch beats the version, the version beats the release.
	order := []string{"1.0~rc1-9", "1.0-1.fc25", "1.0-1.fc43", "1.0^git1-1", "1.0.1-1", "1:0.1-1"}
	for i := range order {
		for j := range order {
			a, _ := index.ParseEVR(order[i])
			b, _ := index.ParseEVR(order[j])
			if got := a.Compare(b); sign(got) != sign(i-j) {
				t.Errorf("%s against %s: %d", a, b, got)
			}
		}
	}
}

func sign(n int) int { return min(1, max(-1, n)) }

func BenchmarkCompareVersions(b *testing.B) {
	for b.Loop() {
		index.CompareVersions("4.3.1^20250712gitabcdef0", "4.3.1^20250713git1234567")
	}
}

package rpmbuild

import (
	"slices"
	"strings"
	"testing"
)

func TestDpkgPackages(t *testing.T) {
	got := dpkgPackages([]byte("Package: b\nStatus: install ok installed\nDescription: x\n Package: no\nVersion: 1:2-3\n\n" +
		"Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n\nPackage: a\nStatus: hold ok installed\nVersion: 4"))
	if !slices.Equal(got, []string{"a=4", "b=1:2-3"}) {
		t.Errorf("%q", got)
	}
}

func TestLastError(t *testing.T) {
	for log, want := range map[string]string{
		"": "",
		"make: error\nerror: Bad exit status from /x (%build)\n\n\nRPM build errors:\n    Bad exit": "Bad exit status from /x (%build)",
		"one\ntwo":                 "two",
		"error: \x1b[31mred\x07\n": "[31mred",
		"error: " + strings.Repeat("x", 5000) + "\n": strings.Repeat("x", longest-len("error: ")),
	} {
		for _, size := range []int{1, 7, 10000} {
			l := &lastError{}
			for rest := log; rest != ""; {
				n := min(size, len(rest))
				l.Write([]byte(rest[:n]))
				rest = rest[n:]
			}
			if got := l.String(); got != want {
				t.Errorf("%.50q by %d: %.50q", log, size, got)
			}
		}
	}
}

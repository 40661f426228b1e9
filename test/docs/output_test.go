package docs

import "testing"

func TestCompare(t *testing.T) {
	for _, tt := range []struct {
		name, shown, printed string
		good                 bool
	}{
		{"the same", "a\nb\n", "a\nb\n", true},
		{"columns of another width", "a   b\n", "a b   \n", true},
		{"blank lines", "a\n\nb\n", "a\nb\n\n", true},
		{"something else", "a\n", "b\n", false},
		{"one line more", "a\n", "a\nb\n", false},
		{"one line less", "a\nb\n", "a\n", false},
		{"nothing printed", "a\n", "", false},
		{"within a line", "job … done\n", "job 17 done\n", true},
		{"at both ends", "…17…\n", "job 17 done\n", true},
		{"within, but not so", "job … gone\n", "job 17 done\n", false},
		{"overlapping parts", "ab…ba\n", "aba\n", false},
		{"lines left out", "a\n…\nd\n", "a\nb\nc\nd\n", true},
		{"none left out", "a\n…\nd\n", "a\nd\n", true},
		{"at the start and the end", "…\nb\n…\n", "a\nb\nc\n", true},
		{"left out, and then not so", "a\n…\ne\n", "a\nb\nc\n", false},
		{"twice", "…\nb\n…\nd\n", "b\nx\nb\nc\nd\n", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := compare(tt.shown, tt.printed); (err == nil) != tt.good {
				t.Errorf("%v", err)
			}
		})
	}
}

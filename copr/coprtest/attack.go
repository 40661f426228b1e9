package coprtest

import (
	"embed"
	"path"
	"strings"
	"testing"
)

//go:embed testdata/attacks
var attacks embed.FS

// Attack is a hostile source package. It prints "attack: tried" when it has done its worst and "attack: WON: what" for
// everything that it achieved.
type Attack struct {
	Name    string
	Story   string            // what it tries
	Spec    []byte            // it knows its aims by macros: see Canary.Macros
	Sources map[string][]byte // by name
	// Log is what must be in the log, as proof that it ran.
	Log string
	// Reason is a part of the reason why the build is refused; "" where it may succeed, since it achieved nothing.
	Reason string
	// Stays is how the name of a result begins that only those who read packages can refuse.
	Stays string
}

// Attacks reads all of them.
func Attacks(t testing.TB) []Attack {
	t.Helper()
	read := func(name string) []byte {
		data, err := attacks.ReadFile("testdata/attacks/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	entries, err := attacks.ReadDir("testdata/attacks")
	if err != nil {
		t.Fatal(err)
	}
	var all []Attack
	for _, e := range entries {
		if e.Name() == "template.spec" {
			continue
		}
		data := read(e.Name())
		a := Attack{Name: strings.TrimSuffix(e.Name(), path.Ext(e.Name())), Spec: data, Log: "attack: tried"}
		if path.Ext(e.Name()) == ".sh" {
			a.Spec, a.Sources = read("template.spec"), map[string][]byte{"attack.sh": data}
		}
		for line := range strings.Lines(string(data)) {
			text, ok := strings.CutPrefix(strings.TrimSpace(line), "# ")
			if !ok {
				break
			}
			switch key, value, _ := strings.Cut(text, ": "); key {
			case "log":
				a.Log = value
			case "reason":
				a.Reason = value
			case "stays":
				a.Stays = value
			default:
				a.Story = strings.TrimSpace(a.Story + " " + text)
			}
		}
		all = append(all, a)
	}
	return all
}

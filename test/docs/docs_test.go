package docs

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"mirrorctl/internal/config"
	"mirrorctl/internal/metric"
	"mirrorctl/test/binary"
)

const repository = "../.."

func pages(t *testing.T) []*Page {
	t.Helper()
	all, err := Pages(repository)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 10 {
		t.Fatalf("only %d pages found", len(all))
	}
	return all
}

// Every command that a page shows works when it is typed, and prints what the page says.
func TestCommands(t *testing.T) {
	for _, program := range []string{"bash", "curl"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("SKIP: %s is missing; `make packages` installs it", program)
		}
	}
	demo := filepath.Join(t.TempDir(), "demo")
	if out, err := exec.Command(binary.Path(t), "demo", "--no-serve", "--public-url", "http://"+nowhere+"/", demo).CombinedOutput(); err != nil {
		t.Fatalf("make a demo site: %v\n%s", err, out)
	}
	ran, left := 0, 0
	for _, p := range pages(t) {
		var run []Block
		for i := range p.Blocks {
			b := &p.Blocks[i]
			if b.Lang != "sh" {
				continue
			}
			if strings.Contains(strings.Join(b.Info, " "), "no-test") {
				if b.untested() == "" {
					t.Errorf("%s:%d: no-test without a reason", p.File, b.Line)
				}
				left++
				continue
			}
			run = append(run, *b)
		}
		if len(run) == 0 {
			continue
		}
		ran += len(run)
		t.Run(p.File, func(t *testing.T) {
			t.Parallel()
			for i := 0; i < len(run); i++ {
				if what := lacking(&run[i]); what != "" {
					t.Logf("%s:%d: left out: %s is missing", p.File, run[i].Line, what)
					run = slices.Delete(run, i, i+1)
					i--
				}
			}
			w := newPlaces(t, p, demo)
			for i, r := range w.runBlocks(t, slices.Contains(p.Setup, "served"), run) {
				w.judge(t, p, &run[i], r)
			}
		})
	}
	t.Logf("%d blocks run, %d are marked no-test", ran, left)
}

// A link within the repository leads to a file, and to a heading where it names one.
func TestLinks(t *testing.T) {
	all := pages(t)
	byFile := map[string]*Page{}
	for _, p := range all {
		byFile[p.File] = p
	}
	for _, p := range all {
		for _, l := range p.Links {
			to := p
			if l.File != "" {
				if _, err := os.Stat(filepath.Join(repository, l.File)); err != nil {
					t.Errorf("%s:%d: %s leads nowhere", p.File, l.Line, l.Target)
					continue
				}
				to = byFile[l.File]
			}
			if l.Fragment != "" && (to == nil || !to.ids[l.Fragment]) {
				t.Errorf("%s:%d: %s: no such heading", p.File, l.Line, l.Target)
			}
		}
	}
}

// Every page can be found from the README, by links alone.
func TestNoPageIsLost(t *testing.T) {
	byFile := map[string]*Page{}
	for _, p := range pages(t) {
		byFile[p.File] = p
	}
	reached := map[string]bool{}
	var visit func(file string)
	visit = func(file string) {
		if reached[file] || byFile[file] == nil {
			return
		}
		reached[file] = true
		for _, l := range byFile[file].Links {
			visit(l.File)
			visit(filepath.Join(l.File, "README.md"))
		}
	}
	visit("README.md")
	for file := range byFile {
		if !reached[file] && !strings.HasPrefix(file, "changelog/") {
			t.Errorf("%s: no link leads there from README.md", file)
		}
	}
}

// What a page calls a configuration is one.
func TestConfigurations(t *testing.T) {
	found := 0
	for _, p := range pages(t) {
		for _, b := range p.Blocks {
			if b.Lang != "yaml" || !b.has("config") {
				continue
			}
			found++
			c, err := config.Parse(p.File, []byte(b.Text), func(string) string { return "" })
			if err == nil {
				_, err = c.Layout.Compile()
			}
			if err != nil {
				t.Errorf("%s:%d: %v", p.File, b.Line, err)
			}
		}
	}
	if found == 0 {
		t.Error("no configuration in any page")
	}
}

// Prometheus itself reads what a page gives it.
func TestPrometheus(t *testing.T) {
	if _, err := exec.LookPath("promtool"); err != nil {
		t.Skip("SKIP: promtool is missing; `make packages` installs it")
	}
	for kind, check := range map[string]string{"prometheus": "config", "rules": "rules"} {
		found := 0
		for _, p := range pages(t) {
			for _, b := range p.Blocks {
				if b.Lang != "yaml" || !b.has(kind) {
					continue
				}
				found++
				name := filepath.Join(t.TempDir(), "it.yml")
				if err := os.WriteFile(name, []byte(b.Text), 0o644); err != nil {
					t.Fatal(err)
				}
				args := []string{"check", check, name}
				if check == "config" {
					args = slices.Insert(args, 2, "--syntax-only")
				}
				if out, err := exec.Command("promtool", args...).CombinedOutput(); err != nil {
					t.Errorf("%s:%d: %v\n%s", p.File, b.Line, err, out)
				}
			}
		}
		if found == 0 {
			t.Errorf("no %s in any page", kind)
		}
	}
}

var (
	metricName = regexp.MustCompile(`\bmirrorctl_[a-z0-9_]+`)
	makeTarget = regexp.MustCompile("`make ([a-z-]+)`")
	makeLine   = regexp.MustCompile(`(?m)^make ([a-z-]+)`)
)

// The metrics and make targets that pages name exist.
func TestNames(t *testing.T) {
	metrics := map[string]bool{}
	for _, f := range metric.Families() {
		metrics[f.Name] = true
	}
	makefile, err := os.ReadFile(filepath.Join(repository, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pages(t) {
		for _, name := range metricName.FindAllString(p.text, -1) {
			base := name
			for _, suffix := range []string{"_bucket", "_sum", "_count"} {
				base = strings.TrimSuffix(base, suffix)
			}
			if !metrics[name] && !metrics[base] {
				t.Errorf("%s: there is no metric %s", p.File, name)
			}
		}
		named := makeTarget.FindAllStringSubmatch(p.text, -1)
		for _, b := range p.Blocks {
			if b.Lang == "sh" {
				named = append(named, makeLine.FindAllStringSubmatch(b.Text, -1)...)
			}
		}
		for _, m := range named {
			if !regexp.MustCompile(`(?m)^` + m[1] + `:`).Match(makefile) {
				t.Errorf("%s: the Makefile has no target %s", p.File, m[1])
			}
		}
	}
}

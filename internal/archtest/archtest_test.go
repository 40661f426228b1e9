// Package archtest holds the import direction of ARCHITECTURE.md against the code.
package archtest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "mirrorctl/"

// allowed reads the table "package | may import" of ARCHITECTURE.md.
func allowed(t *testing.T) map[string][]string {
	t.Helper()
	doc, err := os.ReadFile("../../ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	table := map[string][]string{}
	lines := bufio.NewScanner(bytes.NewReader(doc))
	in := false
	for lines.Scan() {
		cells := strings.Split(lines.Text(), "|")
		switch {
		case len(cells) != 4:
			in = false
			continue
		case strings.HasPrefix(strings.TrimSpace(cells[1]), "package"):
			in = true
			continue
		case !in || strings.HasPrefix(cells[1], "--"):
			continue
		}
		var imports []string
		for word := range strings.SplitSeq(cells[2], ",") {
			imports = append(imports, strings.TrimSpace(word))
		}
		for pkg := range strings.SplitSeq(cells[1], ",") {
			table[strings.TrimSpace(pkg)] = imports
		}
	}
	if len(table) == 0 {
		t.Fatal("ARCHITECTURE.md has no table of imports")
	}
	return table
}

type pkg struct {
	ImportPath string
	Imports    []string
}

func packages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports", "mirrorctl/...")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []pkg
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func TestImportsGoDown(t *testing.T) {
	table := allowed(t)
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, module)
		if name == "cmd/mirrorctl" || strings.HasPrefix(name, "test/") || strings.HasPrefix(name, "internal/archtest") {
			continue
		}
		may, listed := table[name]
		if !listed {
			t.Errorf("%s is not in the table of ARCHITECTURE.md", name)
			continue
		}
		for _, imp := range p.Imports {
			if inner, ok := strings.CutPrefix(imp, module); ok && !slices.Contains(may, inner) && !(slices.Contains(may, "all of copr") && (inner == "copr" || strings.HasPrefix(inner, "copr/"))) {
				t.Errorf("%s imports %s; it may import: %s", name, inner, strings.Join(may, ", "))
			}
		}
	}
}

// Some libraries have one room: a second importer would spread a choice that is to be changed in one place.
func TestLibrariesHaveOneRoom(t *testing.T) {
	rooms := map[string]string{
		"github.com/go-chi/chi/v5":           "cmd/mirrorctl",
		"github.com/spf13/cobra":             "cmd/mirrorctl",
		"github.com/vbauerster/mpb/v8":       "cmd/mirrorctl",
		"github.com/cavaliergopher/rpm":      "repomd/index",
		"github.com/VictoriaMetrics/metrics": "internal/metric",
		"github.com/google/rpmpack":          "repomd/index",
		"github.com/ProtonMail/go-crypto":    "internal/pgp",
		"github.com/klauspost/compress/gzip": "repomd",
		"github.com/ulikunitz/xz":            "repomd",
		"github.com/minio/minio-go/v7":       "archive/s3store",
		"github.com/nats-io/nats-server/v2":  "copr/queue",
		"github.com/nats-io/nats.go":         "copr/queue",
		"github.com/rogpeppe/go-internal":    "cmd/mirrorctl",
		"github.com/tdewolff/parse/v2":       "repomd",
	}
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, module)
		for _, imp := range p.Imports {
			for lib, room := range rooms {
				if (imp == lib || strings.HasPrefix(imp, lib+"/")) && name != room {
					t.Errorf("%s imports %s; only %s may", name, lib, room)
				}
			}
		}
	}
}

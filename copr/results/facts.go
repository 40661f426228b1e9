package results

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"mirrorctl/copr"
	"mirrorctl/repomd/index"
)

// Built is a package of a build, as results.json lists it.
type Built struct {
	Name    string `json:"name"`
	Epoch   int64  `json:"epoch"`
	Version string `json:"version"`
	Release string `json:"release"`
	Arch    string `json:"arch"`
}

// readPackages reads the packages in dir, sorted by file name.
func readPackages(dir string) ([]Built, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var all []Built
	for _, e := range entries {
		if !e.Type().IsRegular() || !strings.HasSuffix(e.Name(), ".rpm") || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		p, err := index.ReadPackageFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, fmt.Errorf("read package %s: %w", e.Name(), err)
		}
		all = append(all, Built{p.Name, p.Epoch, p.Version, p.Release, p.Arch})
	}
	return all, nil
}

// resultsJSON is what COPR's clients read to learn what a build made.
func resultsJSON(packages []Built) []byte {
	if packages == nil {
		packages = []Built{}
	}
	out, err := json.MarshalIndent(map[string][]Built{"packages": packages}, "", "    ")
	if err != nil {
		panic(err) // strings and numbers
	}
	return append(out, '\n')
}

// buildInfo is COPR's build.info: one key=value a line.
func buildInfo(b copr.Build, c copr.BuildChroot) []byte {
	var s strings.Builder
	line := func(key, value string) {
		if value != "" {
			fmt.Fprintf(&s, "%s=%s\n", key, strings.Map(printable, value))
		}
	}
	fmt.Fprintf(&s, "build_id=%d\n", b.ID)
	line("project", b.Project.String())
	line("package", b.Package)
	line("evr", b.EVR)
	line("chroot", c.Chroot.String())
	fmt.Fprintf(&s, "attempt=%d\n", c.Attempt)
	line("builder", c.Builder)
	if c.Result != nil {
		line("builder_kind", c.Result.Kind)
		line("builder_host", c.Result.Host)
	}
	return []byte(s.String())
}

func printable(r rune) rune {
	if r < 0x20 || r == 0x7f {
		return ' '
	}
	return r
}

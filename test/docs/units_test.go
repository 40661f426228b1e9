package docs

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"mirrorctl/test/binary"
)

// systemd itself reads the units, and what is dropped into one.
func TestUnits(t *testing.T) {
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("SKIP: systemd-analyze is missing; Debian's package systemd has it")
	}
	dir := t.TempDir()
	files, err := filepath.Glob(filepath.Join(repository, "deploy/systemd/*"))
	if err != nil || len(files) < 5 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	args := []string{"verify", "--man=no"}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(dir, filepath.Base(f))
		if filepath.Ext(f) == ".conf" {
			to = filepath.Join(dir, "mirrorctl.service.d", filepath.Base(f))
			if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
				t.Fatal(err)
			}
		} else {
			args = append(args, to)
		}
		// It looks for the program, too.
		here := strings.ReplaceAll(string(text), "/usr/bin/mirrorctl", binary.Path(t))
		if err := os.WriteFile(to, []byte(here), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.Command("systemd-analyze", args...).CombinedOutput()
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "service type, ignoring: notify-reload") {
			t.Log("systemd is older than 253 and knows no notify-reload; docs/how-to/systemd.md says what to write there")
			continue
		}
		if strings.Contains(line, dir) || strings.Contains(line, "mirrorctl") { // what others' units want is not ours
			t.Errorf("%s", line)
		}
	}
	if err != nil {
		t.Errorf("systemd-analyze: %v\n%s", err, out)
	}
}

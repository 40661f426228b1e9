//go:build linux && (amd64 || arm64)

package fault_test

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"mirrorctl/test/fault/inject"
	"mirrorctl/test/fault/powercut"
	"mirrorctl/test/fault/understudy"
)

func TestMain(m *testing.M) {
	inject.Launched()
	if flaw, ok := os.LookupEnv(understudyEnv); ok {
		os.Exit(understudy.Main(os.Args[1:], flaw))
	}
	powercut.Isolate()
	os.Exit(run(m))
}

// run ends with the scratch directories gone.
func run(m *testing.M) int {
	base := "/dev/shm" // memory: a kill needs no disk, and an fsync there costs nothing
	if _, err := os.Stat(base); err != nil {
		base = os.TempDir()
	}
	var err error
	if scratch, err = os.MkdirTemp(base, "mirrorctl-fault-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(scratch)
	return m.Run()
}

var scratch string

// subject is the program under test.
type subject struct {
	path   string
	env    []string // besides the environment
	serves bool     // it has a serve command, and needs it running to prune
}

func (s subject) command(site *site, args ...string) *exec.Cmd {
	cmd := exec.Command(s.path, append([]string{"--config", site.Config()}, args...)...)
	cmd.Env = append(os.Environ(), s.env...)
	return cmd
}

// understudyEnv makes this binary the understudy; its value is the flaw.
const understudyEnv = "FAULT_UNDERSTUDY"

func understudyWith(t *testing.T, flaw string) subject {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return subject{path: self, env: []string{understudyEnv + "=" + flaw}}
}

var build = sync.OnceValues(func() (string, error) {
	binary := filepath.Join(scratch, "mirrorctl")
	if out, err := exec.Command("go", "build", "-o", binary, "mirrorctl/cmd/mirrorctl").CombinedOutput(); err != nil {
		return "", fmt.Errorf("build cmd/mirrorctl: %w: %s", err, out)
	}
	return binary, nil
})

// mirrorctl builds the real program, once.
func mirrorctl(t *testing.T) subject {
	t.Helper()
	// go test knows what this package imports, and not what is built here: what it sees looked at, it
	// counts among a cached result's inputs.
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err == nil && filepath.Ext(path) == ".go" {
			_, err = os.Stat(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	binary, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return subject{path: binary, serves: true}
}

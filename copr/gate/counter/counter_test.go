package counter_test

import (
	"bytes"
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"mirrorctl/copr"
	"mirrorctl/copr/gate/counter"
)

// The programs are what the source says: equal compilers make equal bytes.
func TestProgramsAreOfTheSource(t *testing.T) {
	const debian = "12.2.0-14 of Debian 12"
	for _, cc := range []string{"x86_64", "aarch64", "powerpc64le", "s390x"} {
		out, err := exec.Command(cc+"-linux-gnu-gcc", "--version").Output()
		if err != nil {
			t.Skipf("SKIP: no compiler for %s: %v", cc, err)
		}
		if first, _, _ := strings.Cut(string(out), "\n"); !strings.Contains(first, "12.2.0-14") {
			t.Skipf("SKIP: the programs were made by gcc %s, this is %s", debian, first)
		}
	}
	dir := t.TempDir()
	if out, err := exec.Command("program/build", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, arch := range copr.Arches {
		want, err := os.ReadFile(filepath.Join(dir, "counter."+arch))
		if err != nil {
			t.Fatal(err)
		}
		got, err := counter.Program(arch)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s: the program is not what counter.c compiles to", arch)
		}
		f, err := elf.NewFile(bytes.NewReader(got))
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %s, %d bytes", arch, f.Machine, len(got))
	}
}

// What the real programs say of their memory is what this package computes: also on an emulated processor, where the
// pid is the emulator's.
func TestRecordsOfTheProgram(t *testing.T) {
	for _, arch := range copr.Arches {
		t.Run(arch, func(t *testing.T) {
			t.Parallel()
			run(t, arch)
		})
	}
}

func run(t *testing.T, arch string) {
	file := filepath.Join(t.TempDir(), "counter")
	program, err := counter.Program(arch)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, program, 0o755); err != nil {
		t.Fatal(err)
	}
	command := []string{file}
	native := map[string]string{"amd64": "x86_64", "arm64": "aarch64"}
	if arch != native[runtime.GOARCH] && arch != runtime.GOARCH {
		emulator, err := exec.LookPath("qemu-" + arch + "-static")
		if err != nil {
			t.Skipf("SKIP: %v", err)
		}
		command = []string{emulator, file}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	record := file + ".record"
	out, err := os.Create(record)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Stdout = out
	if err := cmd.Run(); ctx.Err() == nil {
		t.Fatalf("the program ended: %v", err)
	}
	line, err := os.ReadFile(record)
	if err != nil {
		t.Fatal(err)
	}
	r, err := counter.ParseRecord(strings.TrimSpace(string(line)))
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Check(); err != nil || r.Count == 0 || r.PID != uint64(cmd.Process.Pid) {
		t.Fatalf("%+v of process %d: %v", r, cmd.Process.Pid, err)
	}
	r.Hash ^= 1
	if err := r.Check(); !errors.Is(err, counter.ErrMemory) {
		t.Errorf("one wrong bit: %v", err)
	}
	for _, bad := range []string{"", "1 2 3 4 5", strings.Replace(strings.TrimSpace(string(line)), " ", " 1", 1), fmt.Sprintf("%016x %016x %016x %016x %016x", 1, 2, 3, 4, 5)} {
		if r, err := counter.ParseRecord(bad); err == nil {
			t.Errorf("%q was read as %+v", bad, r)
		}
	}
}

func FuzzParseRecord(f *testing.F) {
	f.Add("00000000000000a8 f604f33138d62f84 0000000000000039 0000000000000000 dc575cf0cdd276fe")
	f.Fuzz(func(t *testing.T, s string) {
		r, err := counter.ParseRecord(s)
		if err == nil && r.Count > 1<<40 && r.Check() == nil {
			t.Error("an impossible count passes")
		}
	})
}

package vm

import (
	"bytes"
	"debug/elf"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// What is written is what the real cpio reads.
func TestCPIO(t *testing.T) {
	cpio := []string{"cpio"}
	if _, err := exec.LookPath("cpio"); err != nil {
		if _, err := exec.LookPath("busybox"); err != nil {
			t.Skipf("SKIP: neither cpio nor busybox: %v", err)
		}
		cpio = []string{"busybox", "cpio"}
	}
	image := &Image{}
	for _, err := range []error{
		image.File("bin/tool", 0o755, []byte("odd size")), image.Symlink("bin/other", "tool"), image.Directory("proc"), image.File("empty", 0o600, nil),
		image.Copy("copied", "image_test.go"),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(t.TempDir(), "initrd")
	if err := image.writeFile(file); err != nil {
		t.Fatal(err)
	}
	archive, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(cpio[0], append(cpio[1:], "-tv")...)
	cmd.Stdin = bytes.NewReader(archive)
	listing, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, listing)
	}
	for _, want := range []string{"bin/tool", "bin/other -> tool", "proc", "empty", "copied", "dev/console"} {
		if !strings.Contains(string(listing), want) {
			t.Errorf("no %s in:\n%s", want, listing)
		}
	}
	var again bytes.Buffer
	if err := image.WriteCPIO(&again); err != nil || !bytes.Equal(again.Bytes(), archive) {
		t.Errorf("written twice, %d and %d bytes: %v", len(archive), again.Len(), err)
	}

	dir := t.TempDir()
	if err := image.Unpack(dir); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(dir, "bin/other")); err != nil || string(got) != "odd size" {
		t.Errorf("unpacked: %q, %v", got, err)
	}
}

// Nothing is written through a link, and nothing is read beyond a root.
func TestImageStaysInside(t *testing.T) {
	image := &Image{}
	if err := image.Symlink("etc", "/"); err != nil {
		t.Fatal(err)
	}
	if err := image.File("etc/passwd", 0o644, nil); err == nil {
		t.Error("a file was added below a link")
	}
	if err := image.File("../../up", 0o644, nil); err != nil || !image.Has("up") {
		t.Errorf("a path above the root: %v", err)
	}
	if err := image.Copy("x", "/dev/null"); err == nil {
		t.Error("a device was copied")
	}

	root, outside := t.TempDir(), filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(outside, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{"absolute": outside, "up": "../../../../../../.." + outside, "circle": "circle", "good": "/dir/file"} {
		if err := os.Symlink(target, filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(root, "dir"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "dir/file"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for name, good := range map[string]bool{"absolute": false, "up": false, "circle": false, "good": true, "../dir/file": true} {
		if got, err := within(root, name); (err == nil) != good {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

// A program of this machine is found all of its libraries, and none of another architecture.
func TestLibraries(t *testing.T) {
	program, err := exec.LookPath("rpm")
	if err != nil {
		t.Skipf("SKIP: %v", err)
	}
	if program, err = filepath.EvalSymlinks(program); err != nil {
		t.Fatal(err)
	}
	image := &Image{}
	if err := image.Copy("usr/bin/rpm", program); err != nil {
		t.Fatal(err)
	}
	found, missing, err := image.Libraries("usr/bin/rpm", []string{"/"})
	if err != nil || len(missing) > 0 || found["libc.so.6"] != "/" {
		t.Fatalf("found %v, missing %v: %v", found, missing, err)
	}
	t.Logf("%d libraries", len(found))
	if _, missing, err := (&Image{entries: image.entries}).Libraries("usr/bin/rpm", []string{t.TempDir()}); err != nil || len(missing) == 0 {
		t.Errorf("in an empty root, missing %v: %v", missing, err)
	}
	if _, _, err := image.Libraries("no/such", nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no program: %v", err)
	}
}

func TestPackageNames(t *testing.T) {
	for in, want := range map[string]string{"libprotobuf-c.so.1": "libprotobuf-c1", "libnl-3.so.200": "libnl-3-200", "libc.so.6": "libc6",
		"libBasicUsageEnvironment.so.1": "libbasicusageenvironment1", "ld-linux.so.2": "", "../libx.so.1": "", "libx.so": ""} {
		if got := packageName(in); got != want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
}

// A hostile program costs an error.
func FuzzNeeds(f *testing.F) {
	for _, name := range []string{"/bin/true", "/lib64/ld-linux-x86-64.so.2"} {
		if b, err := os.ReadFile(name); err == nil {
			f.Add(b[:min(len(b), 4096)])
		}
	}
	f.Add([]byte(elf.ELFMAG))
	f.Fuzz(func(t *testing.T, b []byte) {
		n, err := needs(entry{content: b, size: int64(len(b))})
		if err == nil && len(n.loader) > 4096 {
			t.Error("a loader's name without a limit")
		}
		_, _ = dependencies(b)
	})
}

package gate

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"mirrorctl/copr"
	"mirrorctl/copr/vm"
)

// A gate must be able to fail: each of these wraps a real criu and does one thing wrong.
func TestSabotage(t *testing.T) {
	if reason := cannotCheckpoint(); reason != "" {
		t.Skipf("SKIP: %s", reason)
	}
	busybox, err := exec.LookPath("busybox")
	if err != nil {
		t.Skipf("SKIP: %v", err)
	}
	dir := os.Getenv("MIRRORCTL_VM_CACHE")
	if dir == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			t.Skipf("SKIP: no cache directory: %v", err)
		}
		dir = filepath.Join(user, "mirrorctl-vm")
	}
	debian := &vm.Machines{Cache: dir, Suite: "sid"}
	roots, err := debian.Packages(t.Context(), "x86_64", "criu")
	if err != nil {
		t.Skipf("SKIP: no criu of Debian: %v", err)
	}
	var real string
	for _, root := range roots {
		if file := filepath.Join(root, "usr/sbin/criu"); exec.Command("test", "-f", file).Run() == nil {
			real = file
		}
	}

	for _, tt := range []struct {
		name, script string
		check, want  string // the check that must fail, and a word of why; "" for none
	}{
		{"honest", `exec /criu.real "$@"`, "", ""},
		{"lies on its version", `[ "$1" = --version ] && { echo Version: 9.9.9; exit; }; exec /criu.real "$@"`, checkVersion, "9.9.9"},
		{"changes one bit of memory", `[ $1 = restore ] && printf '\377' | dd of="$3/pages-1.img" bs=1 seek=2000000 conv=notrunc 2>/dev/null
exec /criu.real "$@"`, checkDump, "memory is not what it must be"},
		{"kills what it restored", `/criu.real "$@"; rc=$?; [ $1 = restore ] && for p in /proc/[0-9]*; do grep -q counter $p/comm && kill -9 ${p#/proc/}; done; exit $rc`, checkDump, "does not count"},
		{"starts another instead", `[ $1 = restore ] || exec /criu.real "$@"; setsid /counter >/work/a/record 2>&1 &
sleep 0.2; exit 0`, checkDump, "pid was"},
		{"does not dump", `[ $1 = dump ] && exit 0; exec /criu.real "$@"`, checkDump, "still runs"},
		{"forgets its signal", `/criu.real "$@"; [ $1 != restore ] || exit 3`, checkDump, "ended with 3"},
		{"hangs", `[ $1 = dump ] && exec sleep 1000; exec /criu.real "$@"`, checkDump, "did not end"},
		{"ends the checks", `[ $1 = dump ] && kill -9 -1; exec /criu.real "$@"`, checkDump, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			image, err := newImage("x86_64", busybox)
			if err != nil {
				t.Fatal(err)
			}
			if err := image.Copy("criu.real", real); err != nil {
				t.Fatal(err)
			}
			if _, missing, err := image.Libraries("criu.real", roots); err != nil || len(missing) > 0 {
				t.Fatalf("missing %v: %v", missing, err)
			}
			if err := image.File("usr/sbin/criu", 0o755, []byte("#!/bin/sh\n"+tt.script+"\n")); err != nil {
				t.Fatal(err)
			}
			var log bytes.Buffer
			report, err := New(Config{}).kernelReport(t.Context(), "x86_64", "4.2.1", []string{checkVersion, checkDump}, image, &log)
			if err != nil {
				t.Fatal(err)
			}
			var bad []string
			for _, c := range report.Checks {
				t.Logf("%s %s %s", c.Name, c.Verdict, c.Reason)
				if c.Verdict != copr.Pass {
					bad = append(bad, c.Name)
					if !strings.Contains(c.Reason, tt.want) {
						t.Errorf("%s: %s, want %q", c.Name, c.Reason, tt.want)
					}
				}
			}
			if strings.Join(bad, " ") != tt.check {
				t.Errorf("failed: %q, want %q\n%s", bad, tt.check, log.String())
			}
			if why := report.Judge(copr.Allowed{}); (len(why) > 0) != (tt.check != "") {
				t.Errorf("judged: %q", why)
			}
		})
	}
}

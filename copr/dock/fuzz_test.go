package dock

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"mirrorctl/copr"
)

// A name that is taken is one element below the directory it is put in, is not hidden and is not ours.
func FuzzName(f *testing.F) {
	for _, s := range []string{"criu-4.2.1-1.el9.x86_64.rpm", "../x", ".x", "a/b", "x\x00", "result.json", "-rf", "a~b^c+d"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if checkName(name) != nil {
			return
		}
		if filepath.Dir(filepath.Join("/inbox", name)) != "/inbox" || filepath.Base(name) != name || name[0] == '.' || name == resultName ||
			strings.ContainsAny(name, "\x00\n\\ ") {
			t.Errorf("%q was taken", name)
		}
	})
}

// A task that a request names has a directory below the dock's, which says the same.
func FuzzTask(f *testing.F) {
	f.Add("1", "epel-9-x86_64", "1", "1")
	f.Add("-1", "../..-9-x86_64", "0", "x")
	f.Add("18446744073709551615", "fedora-rawhide-s390x", "9223372036854775807", "2")
	f.Fuzz(func(t *testing.T, build, chroot, attempt, delivery string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		for k, v := range map[string]string{"build": build, "chroot": chroot, "attempt": attempt, "delivery": delivery} {
			r.SetPathValue(k, v)
		}
		task, err := taskOf(r)
		if err != nil {
			return
		}
		dir := (&Dock{dir: "/state"}).handed("upload", task)
		if !strings.HasPrefix(dir, "/state/upload/") || filepath.Clean(dir) != dir || strings.Count(dir, "/") != 5 {
			t.Errorf("%+v lies in %s", task, dir)
		}
		again, err := parseDir(dir)
		if want := (copr.Task{Build: task.Build, Chroot: task.Chroot, Attempt: task.Attempt, Delivery: task.Delivery}); err != nil || again.ID() != want.ID() || again.Delivery != want.Delivery {
			t.Errorf("%s is read as %+v, %v", dir, again, err)
		}
	})
}

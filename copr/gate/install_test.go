package gate_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mirrorctl/copr"
	"mirrorctl/copr/gate"
	"mirrorctl/repomd/index"
)

// file writes a file to put into a package.
func file(t *testing.T, content string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

// gather moves the packages of directories into one.
func gather(t *testing.T, dirs ...string) string {
	t.Helper()
	to := t.TempDir()
	for _, dir := range dirs {
		files, err := filepath.Glob(filepath.Join(dir, "*.rpm"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: no packages: %v", dir, err)
		}
		for _, f := range files {
			if err := os.Rename(f, filepath.Join(to, filepath.Base(f))); err != nil {
				t.Fatal(err)
			}
		}
	}
	return to
}

// Packages installed alone: what is wrong with them is seen by the check that is there for it.
func TestInstallAlone(t *testing.T) {
	need(t, "rpmbuild", "rpm", "bwrap")
	build := func(name, extra string) string {
		return buildRPM(t, "x86_64", name, "1", map[string]string{"/usr/share/shared": file(t, name)}, extra)
	}
	notRPM := t.TempDir()
	if err := os.WriteFile(filepath.Join(notRPM, "x.rpm"), []byte("no package"), 0o644); err != nil {
		t.Fatal(err)
	}
	link := t.TempDir()
	if err := os.Symlink("/etc/passwd", filepath.Join(link, "x.rpm")); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, dir, check string
		want             copr.Verdict
		reason           string
	}{
		{"good", build("good", ""), "rpm-verify", copr.Pass, ""},
		{"no scriptlets", build("plain", ""), "scriptlets", copr.Pass, "none"},
		{"no repositories", build("plain", ""), "dependencies", copr.Skip, "no repositories of epel-9"},
		{"scriptlets", build("scripted", "%post\necho hello\n"), "scriptlets", copr.Skip, "no shell"},
		{"one file twice", gather(t, build("one", ""), build("two", "")), "conflicts", copr.Fail, "conflicts"},
		{"of another architecture", buildRPM(t, "s390x", "far", "1", map[string]string{"/usr/share/x": file(t, "x")}, ""), "packages", copr.Fail, "s390x"},
		{"no package", notRPM, "packages", copr.Fail, "x.rpm"},
		{"a link", link, "packages", copr.Fail, "not a file"},
		{"nothing", t.TempDir(), "packages", copr.Fail, "no binary package"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			reports, err := gate.New(gate.Config{}).Run(t.Context(), task("install", "epel-9-x86_64", "1-1"), tt.dir, t.Output())
			if err != nil {
				t.Fatal(err)
			}
			if c := find(reports, "root", tt.check); c.Verdict != tt.want || !strings.Contains(c.Reason, tt.reason) {
				show(t, reports)
				t.Errorf("%s: %s %q, want %s %q", tt.check, c.Verdict, c.Reason, tt.want, tt.reason)
			}
			if why := reports[0].Judge(gate.Known()); (len(why) > 0) != (tt.want == copr.Fail) {
				t.Errorf("judged: %q", why)
			}
		})
	}
}

// Packages installed by dnf with what they depend on.
func TestInstallWithDependencies(t *testing.T) {
	need(t, "rpmbuild", "rpm", "bwrap", "dnf", "busybox")
	busybox := map[string]string{"/bin/busybox": "/usr/bin/busybox", "/bin/sh": "/usr/bin/busybox"}
	// The target's repository: a shell, in one package.
	repo := gather(t, buildRPM(t, "x86_64", "shell", "1", busybox, ""))
	if _, err := index.Build(t.Context(), repo, index.Options{}); err != nil {
		t.Fatal(err)
	}
	url := serve(t, repo)
	config := gate.Config{Repositories: map[string][]string{"epel-9": {url + "/$basearch/"}}}

	for _, tt := range []struct {
		name, extra, script, check string
		want                       copr.Verdict
		reason                     string
	}{
		{"script", "%post\n>/ran\n", "[ -e /ran ] && [ -e /usr/share/x ]", "script", copr.Pass, ""},
		{"script that fails", "", "echo error: no such thing; exit 7", "script", copr.Fail, "no such thing"},
		{"scriptlet that fails", "%post\nexit 3\n", "", "scriptlets", copr.Fail, "scriptlet failed"},
		{"scriptlet that changes a file", "%post\necho more >>/usr/share/x\n", "", "rpm-verify", copr.Fail, "/usr/share/x"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := buildRPM(t, "x86_64", "pkg", "1", map[string]string{"/usr/share/x": file(t, "x")}, tt.extra+"\n%package -n needy\nSummary: needs\nRequires: shell\n%description -n needy\nNeeds.\n%files -n needy\n")
			task := task("install", "epel-9-x86_64", "1-1")
			task.Script = tt.script
			reports, err := gate.New(config).Run(t.Context(), task, dir, t.Output())
			if err != nil {
				t.Fatal(err)
			}
			if c := find(reports, "root", tt.check); c.Verdict != tt.want || !strings.Contains(c.Reason, tt.reason) {
				show(t, reports)
				t.Errorf("%s: %s %q, want %s %q", tt.check, c.Verdict, c.Reason, tt.want, tt.reason)
			}
		})
	}
	// A directory of this machine is as good as a server, though the jail shows nothing else of it.
	t.Run("directory", func(t *testing.T) {
		dir := buildRPM(t, "x86_64", "pkg", "1", map[string]string{"/usr/share/x": file(t, "x")}, "\n%package -n needy\nSummary: needs\nRequires: shell\n%description -n needy\nNeeds.\n%files -n needy\n")
		reports, err := gate.New(gate.Config{Repositories: map[string][]string{"epel-9": {"file://" + repo}}}).Run(t.Context(), task("install", "epel-9-x86_64", "1-1"), dir, t.Output())
		if err != nil {
			t.Fatal(err)
		}
		if c := find(reports, "root", "install"); c.Verdict != copr.Pass {
			show(t, reports)
			t.Errorf("install: %s %q", c.Verdict, c.Reason)
		}
	})
	t.Run("nothing provides it", func(t *testing.T) {
		dir := buildRPM(t, "x86_64", "pkg", "1", map[string]string{"/usr/share/x": file(t, "x")}, "\n%package -n needy\nSummary: needs\nRequires: libnone.so.7\n%description -n needy\nNeeds.\n%files -n needy\n")
		reports, err := gate.New(config).Run(t.Context(), task("install", "epel-9-x86_64", "1-1"), dir, t.Output())
		if err != nil {
			t.Fatal(err)
		}
		if c := find(reports, "root", "dependencies"); c.Verdict != copr.Fail || !strings.Contains(c.Reason, "libnone.so.7") {
			show(t, reports)
			t.Errorf("dependencies: %s %q", c.Verdict, c.Reason)
		}
	})
}

// serve offers a directory as http://127.0.0.1:…/x86_64/.
func serve(t *testing.T, dir string) string {
	t.Helper()
	server := httptest.NewServer(http.StripPrefix("/x86_64/", http.FileServer(http.Dir(dir))))
	t.Cleanup(server.Close)
	return server.URL
}

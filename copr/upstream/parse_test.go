package upstream

import (
	"os"
	"testing"
	"time"

	"mirrorctl/copr"
)

func TestVersionOf(t *testing.T) {
	for tag, want := range map[string]string{
		"v4.2.1": "4.2.1", "4.2": "4.2", "criu-4.2": "4.2", "release_1.0": "1.0", "V2": "2", "rust/v1.2": "1.2", "1.2+git3": "1.2+git3", "3.0.preview": "",
		"v4.3-rc1": "", "4.3rc1": "", "4.3.0beta2": "", "5.0~1": "", "1.0-alpha": "", "1.0.dev3": "", "1.0-SNAPSHOT": "",
		"nightly": "", "": "", "v": "", "v1 2": "", "v1/2": "", "v1\n": "", "v1;id": "", "2.0arch": "2.0arch",
	} {
		got, ok := versionOf(tag)
		if !ok {
			got = ""
		}
		if got != want {
			t.Errorf("%q: %q, want %q", tag, got, want)
		}
	}
}

// The default is polite, and what is declared does not make it rude.
func TestEvery(t *testing.T) {
	for _, tt := range []struct {
		watch copr.Watch
		want  time.Duration
	}{
		{copr.Watch{GitHub: "a/b"}, 6 * time.Hour},
		{copr.Watch{GitHub: "a/b", Every: time.Second}, 5 * time.Minute},
		{copr.Watch{Anitya: "1", Every: time.Hour}, time.Hour},
		{copr.Watch{Directory: "/d"}, 10 * time.Second},
	} {
		if got := (Target{Watch: tt.watch}).Every(); got != tt.want {
			t.Errorf("%+v: %v, want %v", tt.watch, got, tt.want)
		}
	}
	for range 1000 {
		if d := jittered(time.Hour); d < 54*time.Minute || d > 66*time.Minute {
			t.Fatalf("an hour became %v", d)
		}
	}
}

func seed(f *testing.F, names ...string) {
	for _, n := range names {
		data, err := os.ReadFile("testdata/" + n)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
}

func checkVersions(t *testing.T, versions []string) {
	if len(versions) > maxVersions {
		t.Errorf("%d versions", len(versions))
	}
	for _, v := range versions {
		if !isVersion(v) || isPre(v) {
			t.Errorf("version %q", v)
		}
	}
	Newest(versions)
}

func FuzzGitHub(f *testing.F) {
	seed(f, "github.json")
	f.Fuzz(func(t *testing.T, data []byte) {
		versions, _ := parseGitHub(data)
		checkVersions(t, versions)
	})
}

func FuzzAnitya(f *testing.F) {
	seed(f, "anitya.json")
	f.Fuzz(func(t *testing.T, data []byte) {
		versions, _ := parseAnitya(data)
		checkVersions(t, versions)
	})
}

func FuzzMatch(f *testing.F) {
	f.Add("criu-4.2.tar.xz", "criu-", ".tar.xz")
	f.Fuzz(func(t *testing.T, name, before, after string) {
		if v, ok := match(name, before, after); ok && (before+v+after != name || !isVersion(v)) {
			t.Errorf("%q is %q of %q", v, name, before+placeholder+after)
		}
	})
}

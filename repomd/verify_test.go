package repomd_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"reflect"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"mirrorctl/repomd"
)

func TestVerifyGood(t *testing.T) {
	for _, test := range []struct {
		name            string
		files, packages int
	}{
		{"bz2-md5", 4, 3},
		{"delta", 5, 4},
		{"el5-sha", 4, 3},
		{"empty", 4, 0},
		{"gz-sqlite", 12, 3},
		{"sha1", 4, 3},
		{"sha224", 4, 3},
		{"sha384", 4, 3},
		{"xz-sha512", 4, 3},
		{"zck", 7, 3},
		{"zstd", 4, 3},
	} {
		var progress repomd.Progress
		for _, workers := range []int{0, 4} {
			report, err := repomd.Verify(t.Context(), os.DirFS("testdata/good"), test.name,
				repomd.VerifyOptions{Packages: true, Strays: true, Workers: workers, Progress: &progress})
			if err != nil {
				t.Fatalf("%s: %v", test.name, err)
			}
			if !report.Good() || report.Files != test.files || report.Packages != test.packages {
				t.Errorf("%s: %+v, want %d files, %d packages", test.name, report, test.files, test.packages)
			}
			if report.Bytes < 1000 {
				t.Errorf("%s: only %d bytes read", test.name, report.Bytes)
			}
		}
		if got := int(progress.Files.Load()); got != 2*test.files {
			t.Errorf("%s: progress says %d files, want %d", test.name, got, 2*test.files)
		}
	}
}

// Each folder of broken has one fault, and is named by it.
func TestVerifyBroken(t *testing.T) {
	const primary = "repodata/primary.xml.gz"
	want := map[string][]repomd.Problem{
		"bomb":                  {{primary, repomd.Unreadable, "", "ratio of over 200"}},
		"checksum-too-short":    {{repomd.Name, repomd.Unreadable, "", "39 digits, want 40"}},
		"delta-damaged":         {{"drpms/hello-2.11-1_2.12-3.fc25.x86_64.drpm", repomd.WrongChecksum, "sha256:6a2b", "sha256:2c69"}},
		"dtd-in-repomd":         {{repomd.Name, repomd.Unreadable, "", "declarations are refused"}},
		"empty-repomd":          {{repomd.Name, repomd.Unreadable, "", "unexpected EOF"}},
		"href-absolute":         {{repomd.Name, repomd.Unreadable, "", "absolute"}},
		"href-escape":           {{repomd.Name, repomd.Unreadable, "", "not a clean path"}},
		"missing-file":          {{"repodata/filelists.xml.gz", repomd.Missing, "", ""}},
		"no-checksum":           {{primary, repomd.Unchecked, "", ""}},
		"package-damaged":       {{"hello-2.12-3.fc25.x86_64.rpm", repomd.WrongChecksum, "sha:58949a", "sha:783d88"}},
		"package-href-escape":   {{primary, repomd.Unreadable, "", `"../hello-2.12-3.fc25.x86_64.rpm" is not a clean path`}},
		"package-missing":       {{"hello-doc-2.12-3.fc25.noarch.rpm", repomd.Missing, "", ""}},
		"package-short":         {{"hello-2.12-3.fc25.x86_64.rpm", repomd.WrongSize, "1415 bytes", "1414 bytes"}},
		"primary-truncated-xml": {{primary, repomd.Unreadable, "", "unexpected EOF"}},
		"short-file":            {{primary, repomd.WrongSize, "774 bytes", "773 bytes"}},
		"stray-files":           {{"repodata/old-other.xml.gz", repomd.NotListed, "", ""}, {"stray.rpm", repomd.NotListed, "", ""}},
		"truncated-gzip":        {{primary, repomd.Unreadable, "", "unexpected EOF"}},
		"truncated-repomd":      {{repomd.Name, repomd.Unreadable, "", "unexpected EOF"}},
		"wrong-checksum":        {{primary, repomd.WrongChecksum, "sha:4ab726", "sha:9e64b0"}},
		"wrong-header-checksum": {{"repodata/1c81731f34844ea04044fc3a38f2f378683bf92c666073f74e728f49f7a0b26b-primary.xml.zck", repomd.WrongHeaderSum, "sha256:0000", "sha256:567c"}},
		"wrong-open-checksum":   {{primary, repomd.WrongOpenSum, "sha:0000", "sha:374cca"}},
		"wrong-open-size":       {{primary, repomd.WrongOpenSize, "7 bytes", "over 7 bytes"}},
		"wrong-size":            {{primary, repomd.WrongSize, "774 bytes", "over 774 bytes"}},
	}
	entries, err := os.ReadDir("testdata/broken")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if _, listed := want[e.Name()]; !listed {
			t.Errorf("testdata/broken/%s is not tested", e.Name())
		}
	}
	for name, problems := range want {
		report, err := repomd.Verify(t.Context(), os.DirFS("testdata"), "broken/"+name,
			repomd.VerifyOptions{Packages: true, Strays: true})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(report.Problems) != len(problems) {
			t.Errorf("%s: problems %q, want %q", name, report.Problems, problems)
			continue
		}
		for i, got := range report.Problems {
			p := problems[i]
			if got.Path != p.Path || got.Fault != p.Fault || !strings.HasPrefix(got.Want, p.Want) || !strings.Contains(got.Got, p.Got) {
				t.Errorf("%s: %q, want %q", name, got, p)
			}
			if strings.Contains(got.String(), "\n") {
				t.Errorf("%s: not one line: %q", name, got)
			}
		}
	}
}

// The metadata alone are right in a repository whose packages are not.
func TestVerifyMetadataOnly(t *testing.T) {
	report, err := repomd.Verify(t.Context(), os.DirFS("testdata/broken"), "package-damaged", repomd.VerifyOptions{})
	if err != nil || !report.Good() || report.Packages != 0 || report.Files != 4 {
		t.Errorf("%+v, %v", report, err)
	}
}

// The copy of CentOS Stream 9 AppStream at hand is a part of it, and its filelists is a stub.
func TestVerifyCentOS(t *testing.T) {
	if _, err := os.Stat(centos); err != nil {
		t.Skip("SKIP: the metadata of CentOS Stream 9 is missing")
	}
	report, err := repomd.Verify(t.Context(), os.DirFS(centos), ".", repomd.VerifyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]repomd.Fault{}
	for _, p := range report.Problems {
		got[p.Path[strings.IndexByte(p.Path, '-')+1:]] = p.Fault
	}
	want := map[string]repomd.Fault{
		"filelists.xml.gz":              repomd.WrongOpenSum,
		"other.xml.gz":                  repomd.Missing,
		"primary.sqlite.xz":             repomd.Missing,
		"filelists.sqlite.xz":           repomd.Missing,
		"other.sqlite.xz":               repomd.Missing,
		"comps-AppStream.x86_64.xml.xz": repomd.Missing,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestVerifyNoRepository(t *testing.T) {
	if _, err := repomd.Verify(t.Context(), fstest.MapFS{}, "a", repomd.VerifyOptions{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v, want fs.ErrNotExist", err)
	}
}

// cancelFS cancels when its nth file is opened.
type cancelFS struct {
	fs.FS
	n      *atomic.Int64
	cancel context.CancelFunc
}

func (c cancelFS) Open(name string) (fs.File, error) {
	if c.n.Add(-1) == 0 {
		c.cancel()
	}
	return c.FS.Open(name)
}

func TestVerifyCanceled(t *testing.T) {
	for n := 1; n <= 8; n++ {
		ctx, cancel := context.WithCancel(t.Context())
		var count atomic.Int64
		count.Store(int64(n))
		fsys := cancelFS{os.DirFS("testdata/good"), &count, cancel}
		report, err := repomd.Verify(ctx, fsys, "delta", repomd.VerifyOptions{Packages: true, Strays: true})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("canceled at file %d: %+v, %v", n, report, err)
		}
		cancel()
	}
}

// failFS fails to read one file, half way.
type failFS struct {
	fs.FS
	name string
}

type failFile struct {
	fs.File
	read bool
}

var errDisk = errors.New("input/output error")

func (f failFS) Open(name string) (fs.File, error) {
	file, err := f.FS.Open(name)
	if err == nil && name == f.name {
		return &failFile{File: file}, nil
	}
	return file, err
}

func (f *failFile) Read(p []byte) (int, error) {
	if f.read {
		return 0, errDisk
	}
	f.read = true
	return f.File.Read(p[:min(len(p), 100)])
}

// A disk that cannot be read is not a wrong checksum.
func TestVerifyReadError(t *testing.T) {
	for _, name := range []string{"repodata/other.xml.gz", "hello-2.12-3.fc25.x86_64.rpm", repomd.Name} {
		fsys := failFS{os.DirFS("testdata/good"), path.Join("el5-sha", name)}
		report, err := repomd.Verify(t.Context(), fsys, "el5-sha", repomd.VerifyOptions{Packages: true})
		if err != nil || len(report.Problems) != 1 {
			t.Fatalf("%s: %+v, %v", name, report, err)
		}
		p := report.Problems[0]
		if p.Path != name || p.Fault != repomd.Unreadable || !strings.Contains(p.Got, errDisk.Error()) {
			t.Errorf("%s: %q", name, p)
		}
	}
}

// A repository inside another one is not its stray.
func TestVerifyNestedRepository(t *testing.T) {
	fsys := fstest.MapFS{}
	for name, to := range map[string]string{"el5-sha": "os", "sha1": "os/debug"} {
		err := fs.WalkDir(os.DirFS("testdata/good/"+name), ".", func(file string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			raw, err := os.ReadFile("testdata/good/" + name + "/" + file)
			fsys[path.Join(to, file)] = &fstest.MapFile{Data: raw}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	report, err := repomd.Verify(t.Context(), fsys, "os", repomd.VerifyOptions{Packages: true, Strays: true})
	if err != nil || !report.Good() {
		t.Errorf("%+v, %v", report, err)
	}
}

// Memory does not grow with primary.xml.
func TestVerifyMemory(t *testing.T) {
	if _, err := os.Stat(centos); err != nil {
		t.Skip("SKIP: the metadata of CentOS Stream 9 is missing")
	}
	stop, peak := make(chan struct{}), make(chan uint64)
	go func() {
		var most uint64
		for tick := time.NewTicker(2 * time.Millisecond); ; {
			select {
			case <-stop:
				peak <- most
				return
			case <-tick.C:
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				most = max(most, m.HeapAlloc)
			}
		}
	}()
	runtime.GC()
	// Its packages are not there: 17,649 problems, of which 10,000 are kept.
	report, err := repomd.Verify(t.Context(), os.DirFS(centos), ".", repomd.VerifyOptions{Packages: true, Workers: 4})
	close(stop)
	most := <-peak
	if err != nil {
		t.Fatal(err)
	}
	if got := len(report.Problems) + report.Omitted; got != 17_649+6 || report.Packages != 17_649 {
		t.Errorf("%d problems, %d packages", got, report.Packages)
	}
	t.Logf("peak of the heap: %d MiB", most>>20)
	if most > 48<<20 {
		t.Errorf("peak of the heap: %d MiB, want at most 48", most>>20)
	}
}

func TestCheck(t *testing.T) {
	r, err := repomd.Load(os.DirFS("testdata/good"), "zck")
	if err != nil {
		t.Fatal(err)
	}
	d, found := r.Find("primary_zck")
	if !found {
		t.Fatal("no primary_zck")
	}
	open := func() fs.File {
		f, err := os.Open("testdata/good/zck/" + d.Href)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	if err := d.Check(open()); err != nil {
		t.Error(err)
	}
	for _, test := range []struct {
		change func(*repomd.Data)
		fault  repomd.Fault
	}{
		{func(d *repomd.Data) { d.Size++ }, repomd.WrongSize},
		{func(d *repomd.Data) { d.Checksum.Type, d.Checksum.Hex = "sha", sha1Hex }, repomd.WrongChecksum},
		{func(d *repomd.Data) { d.HeaderSize++ }, repomd.WrongHeaderSize},
		{func(d *repomd.Data) { d.HeaderChecksum.Hex = sha256Hex }, repomd.WrongHeaderSum},
		{func(d *repomd.Data) { d.OpenSize++ }, repomd.WrongOpenSize},
		{func(d *repomd.Data) { d.OpenSize-- }, repomd.WrongOpenSize},
		{func(d *repomd.Data) { d.OpenChecksum.Hex = sha256Hex }, repomd.WrongOpenSum},
	} {
		bad := d
		test.change(&bad)
		err := bad.Check(open())
		differs, ok := errors.AsType[*repomd.ChecksumError](err)
		if !ok || differs.Fault != test.fault || differs.Name != d.Href {
			t.Errorf("error %v, want one of %s", err, test.fault)
		}
	}
}

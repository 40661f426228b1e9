package site_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"mirrorctl/internal/config"
	"mirrorctl/internal/site"
	"mirrorctl/mirror"
)

// gauge is one value of a scrape; "" where there is none.
func gauge(scrape, series string) string {
	for line := range strings.Lines(scrape) {
		if rest, ok := strings.CutPrefix(line, "mirrorctl_"+series+" "); ok {
			return strings.TrimSpace(rest)
		}
	}
	return ""
}

// A repository that is broken on disk goes on being served as it was, and everybody can see it.
func TestATornRepository(t *testing.T) {
	s := start(t, nil)
	index, primary := repo10+"/repodata/repomd.xml", s.in(repo10+"/repodata", "primary")
	consistent := `repo_metadata_consistent{repo="free-el-updates-released-10",arch="x86_64"}`
	if got := gauge(s.scrape(), consistent); got != "1" {
		t.Fatalf("consistent %q at first", got)
	}
	wholeIndex, wholePrimary := s.read(index), s.read(primary)
	replace := func(name, text string) {
		t.Helper()
		temp := filepath.Join(s.state, "temp")
		if err := errors.Join(os.WriteFile(temp, []byte(text), 0o644), os.Rename(temp, filepath.Join(s.root, name))); err != nil {
			t.Fatal(err)
		}
	}
	// What rsync leaves for a moment: the new index, and a file of it that is not whole.
	replace(primary, wholePrimary[:len(wholePrimary)/2])
	replace(index, strings.Replace(wholeIndex, "<revision>", "<revision>1", 1))

	s.eventually("the metric tells", func() bool { return gauge(s.scrape(), consistent) == "0" })
	var torn []site.Torn
	s.eventually("torn.json tells", func() bool {
		var err error
		torn, err = site.ReadTorn(s.state)
		return err == nil && len(torn) == 1
	})
	if torn[0].Dir != repo10 || torn[0].Tree != "root" || torn[0].Since.IsZero() || !strings.Contains(torn[0].Reason, "primary") {
		t.Errorf("%+v", torn[0])
	}
	if page := s.get("status").body; !strings.Contains(page, "free-el-updates-released-10") || !strings.Contains(page, "primary") {
		t.Errorf("status page: %s", page)
	}
	for path, want := range map[string]string{index: wholeIndex, primary: wholePrimary} {
		if got := s.get(path); got.StatusCode != 200 || got.body != want {
			t.Errorf("%s: %d, not what it was", path, got.StatusCode)
		}
	}
	s.eventually("failures are counted", func() bool {
		got := gauge(s.scrape(), `repo_refresh_failures_total{repo="free-el-updates-released-10",arch="x86_64"}`)
		return got != "" && got != "0" && got != "1"
	})
	if n := strings.Count(s.log.String(), "repository is not whole"); n != 1 {
		t.Errorf("logged %d times", n)
	}

	replace(primary, wholePrimary)
	s.eventually("healed", func() bool { return gauge(s.scrape(), consistent) == "1" })
	s.eventually("the new index is served", func() bool { return s.get(index).body != wholeIndex })
	s.eventually("torn.json is empty", func() bool {
		torn, err := site.ReadTorn(s.state)
		return err == nil && len(torn) == 0
	})
	if !strings.Contains(s.log.String(), "whole again") {
		t.Error("not said in the log")
	}
}

// A repository that is republished is served anew within the refresh interval; one that is new within the rescan interval.
func TestWhatIsNewIsServed(t *testing.T) {
	s := start(t, func(s *stand) { s.cfg.Metadata.Rescan = config.Duration(50 * time.Millisecond) })
	if got := s.list("11"); strings.Contains(got, s.url) {
		t.Fatalf("list of an unknown release: %q", got)
	}
	if err := os.CopyFS(filepath.Join(s.root, "free/el/updates/11"), os.DirFS(filepath.Join(s.root, "free/el/updates/10"))); err != nil {
		t.Fatal(err)
	}
	s.eventually("listed", func() bool { return s.list("11") == s.url+"free/el/updates/11/x86_64/" })
	s.eventually("in memory", func() bool {
		return gauge(s.scrape(), `repo_metadata_consistent{repo="free-el-updates-released-11",arch="x86_64"}`) == "1"
	})
}

// What changed while no service ran is found by the next, though it begins from the index of the last.
func TestTheRootIsSearchedAtTheStart(t *testing.T) {
	first := start(t, nil)
	first.stop()
	if err := os.CopyFS(filepath.Join(first.root, "free/el/updates/11"), os.DirFS(filepath.Join(first.root, "free/el/updates/10"))); err != nil {
		t.Fatal(err)
	}
	s := start(t, func(s *stand) {
		s.root, s.state, s.store = first.root, first.state, first.store
		s.cfg.State, s.cfg.Archive.Store = s.state, s.store
	})
	s.eventually("listed", func() bool { return s.list("11") == s.url+"free/el/updates/11/x86_64/" })
}

func TestReload(t *testing.T) {
	s := start(t, nil)
	changed := func(change func(*config.Config)) *config.Config {
		t.Helper()
		c := *s.cfg
		change(&c)
		if err := c.Override(c.Root, "", "", c.PublicURL.String()); err != nil {
			t.Fatal(err)
		}
		return &c
	}
	other := changed(func(c *config.Config) {
		c.Lists.Disabled = []string{"free-el-updates-released-10"}
		if err := c.PublicURL.UnmarshalText([]byte("https://mirror.example/")); err != nil {
			t.Fatal(err)
		}
	})
	if err := s.site.Reload(other); err != nil {
		t.Fatal(err)
	}
	if body := s.get("mirrorlist?repo=free-el-updates-released-10&arch=x86_64").body; body != "repo disabled" {
		t.Errorf("disabled: %q", body)
	}
	if body := s.get("mirrorlist?repo=free-el-updates-released-5&arch=x86_64").body; !strings.Contains(body, "http://mirror.example/"+repo5) {
		t.Errorf("public_url: %q", body)
	}
	if s.site.Config() != other {
		t.Error("another configuration is in force")
	}
	for key, change := range map[string]func(*config.Config){
		"root":            func(c *config.Config) { c.Root = s.state },
		"state":           func(c *config.Config) { c.State = s.root },
		"archive.store":   func(c *config.Config) { c.Archive.Store = "" },
		"listen":          func(c *config.Config) { c.Listen = ":1" },
		"admin_listen":    func(c *config.Config) { c.AdminListen = "" },
		"metadata.memory": func(c *config.Config) { c.Metadata.Memory = 1 },
		"access_log.file": func(c *config.Config) { c.AccessLog.File = "-" },
	} {
		err := s.site.Reload(changed(change))
		if err == nil || !strings.Contains(err.Error(), key+" cannot change") {
			t.Errorf("%s: %v", key, err)
		}
		if s.site.Config() != other {
			t.Fatalf("%s: a refused configuration is in force", key)
		}
	}
	same := changed(func(c *config.Config) { c.Archive.URL = c.PublicURL })
	if err := s.site.Reload(same); err == nil || s.site.Config() != other {
		t.Errorf("a circle of redirects: %v", err)
	}
}

func TestStatus(t *testing.T) {
	s := start(t, nil)
	s.archive(el5)
	s.eventually("archived", func() bool { return s.site.View().State(el5) == mirror.Archived })
	time.Sleep(2 * time.Second) // journals are read that often
	got := s.get("status.json")
	var page struct {
		Generation uint64
		Releases   []struct {
			Release, State, EOL string
			Packages            int
		}
		Jobs []struct{ Release, Phase string }
	}
	if err := json.Unmarshal([]byte(got.body), &page); err != nil {
		t.Fatalf("%v: %s", err, got.body)
	}
	if page.Generation == 0 || len(page.Releases) != 2 || len(page.Jobs) != 1 {
		t.Fatalf("%s", got.body)
	}
	if r := page.Releases[0]; r.Release != "el-5" || r.State != "archived" || r.Packages == 0 {
		t.Errorf("%+v", r)
	}
	if j := page.Jobs[0]; j.Release != "el-5" || j.Phase != "published" {
		t.Errorf("%+v", j)
	}
	html := s.get("status")
	if html.Header.Get("Content-Type") != "text/html; charset=utf-8" || !strings.Contains(html.body, "el-5") {
		t.Errorf("%v", html.Header)
	}
	if head := s.ask("HEAD", "status.json"); head.StatusCode != 200 || head.body != "" {
		t.Errorf("HEAD: %d", head.StatusCode)
	}
}

func TestMetrics(t *testing.T) {
	s := start(t, nil)
	s.archive(el5)
	s.eventually("archived", func() bool { return s.site.View().State(el5) == mirror.Archived })
	for _, path := range []string{repo5 + "/repodata/repomd.xml", repo10 + "/repodata/repomd.xml", "archive/" + repo5 + "/repodata/repomd.xml", "nothing",
		"mirrorlist?repo=free-el-updates-released-5&arch=x86_64&countme=1", "metalink?repo=free-el-updates-released-5&arch=x86_64", "status"} {
		s.get(path)
	}
	s.eventually("the archive's metadata is in memory", func() bool {
		return gauge(s.scrape(), `repo_metadata_consistent{repo="free-el-updates-released-5",arch="i386"}`) == "1"
	})
	text := s.scrape()
	for series, want := range map[string]string{
		`redirects_total{release="el-5",result="archived"}`:                    "1",
		`list_answers_total{list="mirrorlist",outcome="archived"}`:             "1",
		`list_answers_total{list="metalink",outcome="archived"}`:               "1",
		`release_info{release="el-5",state="archived",eol="2017-03-31"}`:       "1",
		`archive_job_state{release="el-5",phase="published"}`:                  "1",
		`archive_job_state{release="el-5",phase="copying"}`:                    "0",
		`release_requests_total{release="el-10",state="active",kind="repomd"}`: "1",
	} {
		if got := gauge(text, series); got != want {
			t.Errorf("%s: %q, want %q", series, got, want)
		}
	}
	if bad := regexp.MustCompile(`(?m)^mirrorctl_\S+ (NaN|[+-]Inf)$`).FindString(text); bad != "" {
		t.Error(bad)
	}
	tool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("SKIP: promtool is missing; `make packages` installs it")
	}
	cmd := exec.CommandContext(context.Background(), tool, "check", "metrics")
	cmd.Stdin = strings.NewReader(text)
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("promtool: %v\n%s", err, out)
	}
}

func TestOpenSaysWhatIsMissing(t *testing.T) {
	for key, change := range map[string]func(*stand){
		"root":  func(s *stand) { s.root += "-typo" },
		"state": func(s *stand) { s.cfg.State += "-typo" },
	} {
		t.Run(key, func(t *testing.T) {
			if _, err := tryOpen(t, change); err == nil || !strings.Contains(err.Error(), key) || !errors.Is(err, os.ErrNotExist) {
				t.Errorf("%v", err)
			}
		})
	}
}

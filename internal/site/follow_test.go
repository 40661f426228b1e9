package site_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mirrorctl/internal/config"
	"mirrorctl/internal/site"
	"mirrorctl/mirror"
)

// A release goes to the archive and comes back; each time clients are told within a second, by lists and by redirects.
func TestTheStateDocumentIsFollowed(t *testing.T) {
	s := start(t, nil)
	file := repo5 + "/repodata/repomd.xml"
	before := s.list("5")
	if want := s.url + repo5 + "/"; before != want {
		t.Fatalf("list names %q, want %q", before, want)
	}
	s.copyToStore(el5)
	for _, step := range []struct {
		state    mirror.State
		archived bool
		cache    string
	}{
		{mirror.Archiving, false, ""},
		{mirror.Archived, true, "public, max-age=3600"},
		{mirror.Pruned, true, "public, max-age=3600"},
		{mirror.Restoring, true, "public, max-age=60"},
		{mirror.Active, false, ""},
		{mirror.Archived, true, "public, max-age=3600"},
	} {
		t.Run(string(step.state), func(t *testing.T) {
			rec := s.record(el5, step.state)
			s.swap(el5, rec)
			if took := s.eventually("the list follows", func() bool { return s.site.View().State(el5) == step.state }); took > time.Second {
				t.Errorf("followed after %s", took)
			}
			base, status := s.url, 200
			if step.archived {
				base, status = s.url+"archive/", 302
			}
			if got := s.list("5"); got != base+repo5+"/" {
				t.Errorf("list names %q", got)
			}
			if body := s.get("metalink?repo=free-el-updates-released-5&arch=x86_64").body; !strings.Contains(body, ">"+base+file+"</url>") {
				t.Errorf("metalink: %s", body)
			}
			got := s.get(file)
			if got.StatusCode != status || step.archived && got.Header.Get("Location") != base+file {
				t.Errorf("%d %s", got.StatusCode, got.Header.Get("Location"))
			}
			if cache := got.Header.Get("Cache-Control"); step.archived && cache != step.cache {
				t.Errorf("cached %q, want %q", cache, step.cache)
			}
			if got := s.get("archive/" + file); got.StatusCode != 200 || got.body != s.read(file) {
				t.Errorf("archive: %d", got.StatusCode)
			}
			if s.get(repo10+"/repodata/repomd.xml").StatusCode != 200 {
				t.Error("another release suffers")
			}
		})
	}
}

// Another name of a tree neither hinders its archiving nor is forgotten after it, whether the tree still stands or not.
func TestAnAliasOfATree(t *testing.T) {
	s := start(t, func(s *stand) {
		for name, target := range map[string]string{"5Server": "5", "5Client": "./5Server", "5Workstation": "/somewhere/5"} {
			if err := os.Symlink(target, filepath.Join(s.root, "free/el/updates", name)); err != nil {
				t.Fatal(err)
			}
		}
	})
	if target, err := s.site.View().Target(el5); err != nil || fmt.Sprint(target.Trees) != "[free/el/updates/5 free/el/updates/5Workstation nonfree/el/updates/5]" {
		t.Fatalf("%v, %v", target.Trees, err)
	}
	if err := os.Remove(filepath.Join(s.root, "free/el/updates/5Workstation")); err != nil { // nobody knows where that leads
		t.Fatal(err)
	}
	if err := s.site.Rescan(t.Context()); err != nil {
		t.Fatal(err)
	}
	index := s.read(repo5 + "/repodata/repomd.xml")
	ask := func(when string, archived bool) {
		t.Helper()
		for _, name := range []string{"5", "5Server", "5Client"} {
			got := s.get("free/el/updates/" + name + "/x86_64/repodata/repomd.xml")
			if archived {
				want := s.url + "archive/" + repo5 + "/repodata/repomd.xml"
				if got.StatusCode != 302 || got.Header.Get("Location") != want {
					t.Errorf("%s, %s: %d %s", when, name, got.StatusCode, got.Header.Get("Location"))
				}
				got = s.get("archive/free/el/updates/" + name + "/x86_64/repodata/repomd.xml")
			}
			if got.StatusCode != 200 || got.body != index {
				t.Errorf("%s, %s: %d", when, name, got.StatusCode)
			}
		}
	}
	ask("active", false)
	s.archive(el5)
	s.eventually("archived", func() bool { return s.site.View().State(el5) == mirror.Archived })
	ask("archived", true)
	if err := os.RemoveAll(filepath.Join(s.root, "free/el/updates/5")); err != nil {
		t.Fatal(err)
	}
	if err := s.site.Rescan(t.Context()); err != nil {
		t.Fatal(err)
	}
	ask("gone from the root", true)
}

// What came into the root while the release was away must be known when requests are sent there again.
func TestARestoredReleaseIsKnownAtOnce(t *testing.T) {
	away := filepath.Join(t.TempDir(), "away")
	tree := ""
	s := start(t, func(s *stand) {
		s.cfg.Metadata.Rescan = config.Duration(time.Hour)
		tree = filepath.Join(s.root, "free/el/updates/5")
		if err := os.Rename(tree, away); err != nil {
			t.Fatal(err)
		}
	})
	s.eventually("the first scans", func() bool { return strings.Count(s.log.String(), "root scanned") == 2 })
	rec := &mirror.Record{State: mirror.Pruned, Job: "j", Trees: []mirror.Path{"free/el/updates/5"},
		Repositories: []mirror.Repository{{RepoID: mirror.RepoID{Name: "free-el-updates-released-5", Arch: "x86_64"}, Dir: repo5, Release: el5}}}
	s.swap(el5, rec)
	s.eventually("the archive answers", func() bool { return s.list("5") == s.url+"archive/"+repo5+"/" })
	if err := os.Rename(away, tree); err != nil {
		t.Fatal(err)
	}
	back := *rec
	back.State = mirror.Active
	s.swap(el5, &back)
	s.eventually("followed", func() bool { return s.site.View().State(el5) == mirror.Active })
	if got := s.list("5"); got != s.url+repo5+"/" {
		t.Errorf("list names %q", got)
	}
	if !slices.ContainsFunc(s.site.View().Repositories(), func(r mirror.Repository) bool { return r.Dir == repo5 }) {
		t.Error("its metadata will not be looked at before the next scan")
	}
}

// An operator who puts back an old state document from a backup means it.
func TestADocumentThatWentBack(t *testing.T) {
	s := start(t, nil)
	s.copyToStore(el5)
	s.swap(el5, s.record(el5, mirror.Archiving))
	old, err := os.ReadFile(filepath.Join(s.state, "state.json"))
	if err != nil {
		t.Fatal(err)
	}
	s.swap(el5, s.record(el5, mirror.Archived))
	s.eventually("archived", func() bool { return s.site.View().State(el5) == mirror.Archived })
	temp := filepath.Join(s.state, "from-backup")
	if err := errors.Join(os.WriteFile(temp, old, 0o644), os.Rename(temp, filepath.Join(s.state, "state.json"))); err != nil {
		t.Fatal(err)
	}
	s.eventually("back", func() bool { return s.site.View().State(el5) == mirror.Archiving })
	s.swap(el5, s.record(el5, mirror.Archived))
	s.eventually("archived again, under the generation of before", func() bool { return s.site.View().State(el5) == mirror.Archived })
}

// A damaged document changes nothing, is reported once, and followed again once it is whole.
func TestADamagedDocument(t *testing.T) {
	s := start(t, nil)
	s.copyToStore(el5)
	s.swap(el5, s.record(el5, mirror.Archived))
	s.eventually("archived", func() bool { return s.site.View().State(el5) == mirror.Archived })
	name := filepath.Join(s.state, "state.json")
	good, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	temp := filepath.Join(s.state, "damaged")
	if err := errors.Join(os.WriteFile(temp, good[:20], 0o644), os.Rename(temp, name)); err != nil {
		t.Fatal(err)
	}
	s.eventually("reported", func() bool { return strings.Contains(s.log.String(), "cannot be followed") })
	for range 20 {
		s.get("nothing")
	}
	time.Sleep(500 * time.Millisecond)
	if got := s.get(repo5 + "/repodata/repomd.xml"); got.StatusCode != 302 {
		t.Errorf("%d", got.StatusCode)
	}
	if n := strings.Count(s.log.String(), "cannot be followed"); n != 1 {
		t.Errorf("reported %d times", n)
	}
	if err := errors.Join(os.WriteFile(temp, good, 0o644), os.Rename(temp, name)); err != nil {
		t.Fatal(err)
	}
	s.eventually("whole again", func() bool { return strings.Contains(s.log.String(), "followed again") })
}

// A release leaves the root and comes back under clients that fetch from it: far faster than an archiver would,
// which waits for servers to follow. Nobody meets a 404, nor an empty listing.
func TestNobodyMeetsAMoveHalfWay(t *testing.T) {
	s := start(t, func(s *stand) { s.cfg.Metadata.Rescan = config.Duration(20 * time.Millisecond) })
	s.copyToStore(el5)
	rpm := s.in(repo5, "ffmpeg-libs")
	want := map[string]string{rpm: s.read(rpm), repo5 + "/repodata/repomd.xml": s.read(repo5 + "/repodata/repomd.xml"),
		repo5 + "/repodata/primary.xml.gz": s.read(repo5 + "/repodata/primary.xml.gz"), repo5 + "/": ""}
	archived, active := s.record(el5, mirror.Archived), s.record(el5, mirror.Active)
	follow := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}, Timeout: 30 * time.Second}
	stop := make(chan struct{})
	var clients sync.WaitGroup
	var answers, redirected atomic.Int64
	for path, body := range want {
		for range 2 {
			clients.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
					}
					res, err := follow.Get(s.url + path)
					if err != nil {
						t.Error(err)
						return
					}
					got, err := io.ReadAll(res.Body)
					res.Body.Close()
					if err != nil || res.StatusCode != 200 || body != "" && string(got) != body || body == "" && !strings.Contains(string(got), "ffmpeg-libs") {
						t.Errorf("%s by %s: %d, %d bytes, %v", path, res.Request.URL, res.StatusCode, len(got), err)
						return
					}
					answers.Add(1)
					if strings.HasPrefix(res.Request.URL.Path, "/archive/") {
						redirected.Add(1)
					}
				}
			})
		}
	}
	tree := filepath.Join(s.root, "free/el/updates/5")
	trash := filepath.Join(s.root, ".mirrorctl-trash")
	if err := os.Mkdir(trash, 0o755); err != nil {
		t.Fatal(err)
	}
	for i := range 40 {
		s.swap(el5, archived)
		if err := os.Rename(tree, filepath.Join(trash, "5")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(i%7) * 5 * time.Millisecond)
		if err := os.Rename(filepath.Join(trash, "5"), tree); err != nil {
			t.Fatal(err)
		}
		s.swap(el5, active)
		time.Sleep(time.Duration(i%5) * 60 * time.Millisecond) // some of these views are followed, others not
	}
	close(stop)
	clients.Wait()
	fmt.Printf("figure: a release moved 40 times under clients: %d answers, %d of them by the archive, none wrong\n", answers.Load(), redirected.Load())
	if answers.Load() < 200 || redirected.Load() == 0 {
		t.Error("too few answers to say anything")
	}
}

// Archivers wait for what servers say of themselves.
func TestFollowersSpeakAndFallSilent(t *testing.T) {
	s := start(t, nil)
	state, err := mirror.OpenFileState(s.state)
	if err != nil {
		t.Fatal(err)
	}
	defer state.Close()
	followers := func() []mirror.Follower {
		all, err := state.Followers(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	s.eventually("announced", func() bool { return len(followers()) == 1 })
	if f := followers()[0]; f.Generation != 0 || f.Archive != s.url+"archive/" || len(f.LastRoot) != 0 {
		t.Errorf("%+v", f)
	}
	begin := time.Now().Add(-time.Second)
	s.get(repo10 + "/repodata/repomd.xml")
	s.get("free/el/")
	s.copyToStore(el5)
	s.swap(el5, s.record(el5, mirror.Archived))
	if took := s.eventually("the new generation is announced", func() bool { return followers()[0].Generation == 1 }); took > time.Second {
		t.Errorf("after %s", took)
	}
	f := followers()[0]
	if len(f.LastRoot) != 1 || f.LastRoot[el10].Before(begin) {
		t.Errorf("answers from the root: %v", f.LastRoot)
	}
	s.stop()
	if all := followers(); len(all) != 0 {
		t.Errorf("still there: %+v", all)
	}
}

// Everything that makes a new view at once, for the race detector.
func TestManyViewsAtOnce(t *testing.T) {
	s := start(t, func(s *stand) { s.cfg.Metadata.Rescan = config.Duration(10 * time.Millisecond) })
	s.copyToStore(el5)
	archived, active := s.record(el5, mirror.Archived), s.record(el5, mirror.Active)
	var all sync.WaitGroup
	for _, do := range []func(i int){
		func(int) {
			if err := s.site.Rescan(context.Background()); err != nil {
				t.Error(err)
			}
		},
		func(int) {
			if err := s.site.Reload(s.cfg); err != nil {
				t.Error(err)
			}
		},
		func(i int) {
			if i%2 == 0 {
				s.swap(el5, archived)
			} else {
				s.swap(el5, active)
			}
		},
		func(i int) {
			dir := filepath.Join(s.root, fmt.Sprintf("free/el/updates/11/x86_64/%d", i))
			if err := os.MkdirAll(dir, 0o755); err != nil {
				t.Error(err)
			}
		},
		func(int) { s.get("nothing") },
		func(int) { s.get("mirrorlist?path=" + repo5) },
		func(int) { s.get("status.json") },
		func(int) { s.scrape() },
		func(int) { s.get("archive/" + repo5 + "/repodata/repomd.xml") },
	} {
		all.Go(func() {
			for i := range 30 {
				do(i)
			}
		})
	}
	all.Wait()
	s.eventually("the last view is of the last document", func() bool { return s.site.View().State(el5) == mirror.Active })
}

// explain answers by the functions that answer requests: it must agree with them.
func TestExplainAgreesWithAnswers(t *testing.T) {
	s := start(t, nil)
	s.copyToStore(el5)
	s.swap(el5, s.record(el5, mirror.Archived))
	s.eventually("archived", func() bool { return s.site.View().State(el5) == mirror.Archived })
	look, err := site.Look(t.Context(), s.cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{
		repo5 + "/repodata/repomd.xml", repo5 + "/", repo10 + "/repodata/repomd.xml", "archive/" + repo5 + "/repodata/repomd.xml",
		"mirrorlist?repo=free-el-updates-released-5&arch=x86_64", "mirrorlist?repo=free-el-updates-released-10&arch=x86_64", "mirrorlist?repo=none&arch=x86_64",
		"mirrorlist?path=" + repo10, "mirrorlist?path=none", "mirrorlist?repo=free-el-updates-released-5&arch=x86_64&redirect=1",
		"free/fedora/.mirrorlist-free-fedora-updates", ".mirrorctl-trash/x",
	} {
		u, err := url.Parse(s.url + path)
		if err != nil {
			t.Fatal(err)
		}
		e, err := look.Explain(site.Question{URL: u})
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		got := s.get(path)
		if e.Location != got.Header.Get("Location") || e.Body != "" && e.Body != got.body || e.Answer == "404" && got.StatusCode != 404 {
			t.Errorf("%s: explained as %+v; answered %d %s %q", path, e, got.StatusCode, got.Header.Get("Location"), got.body)
		}
	}
	raw, err := json.Marshal(look.Summaries(time.Now()))
	if err != nil || !strings.Contains(string(raw), `"el-5","state":"archived"`) {
		t.Errorf("%s, %v", raw, err)
	}
}

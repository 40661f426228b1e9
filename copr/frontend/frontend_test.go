package frontend_test

import (
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"mirrorctl/copr"
	"mirrorctl/copr/frontend"
	"mirrorctl/internal/webtest"
)

var names = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "file "+r.URL.Path) })

func TestScripts(t *testing.T) {
	h := serve(t, names, catalog(t, []string{"results/adrian/criu/epel-7-x86_64"}, "results/old/project/epel-9-x86_64"))
	webtest.Run(t, h.url, "testdata/*.web", map[string]string{"base": h.url})
}

// What each distribution's dnf5 sends, and the key that it will find, tried in its own order.
func TestDNF5KeysPerDistribution(t *testing.T) {
	h := serve(t, names, catalog(t, []string{"results/adrian/criu/epel-7-x86_64"}))
	for _, tt := range []struct{ sends, key, arch string }{
		{"fedora-44", "fedora-44", "s390x"},
		{"fedora-rawhide", "fedora-rawhide", "x86_64"},
		{"almalinux-9.4", "almalinux-9", "x86_64"},
		{"almalinux-10.0", "almalinux-10.0", "aarch64"},
		{"rocky-8.10", "rocky-8.10", "x86_64"},
		{"rhel-9.4", "epel-9", "ppc64le"},
		{"ol-8.9", "ol-8.9", "x86_64"},
		{"centos-9", "centos-9", "x86_64"},
		{"centos-7", "epel-7", "x86_64"},
		{"eurolinux-9.3", "eurolinux-9.3", "x86_64"},
		{"circle-9.2", "circle-9.2", "x86_64"},
		{"fedora-asahi-remix-44", "fedora-asahi-remix-44", "aarch64"},
	} {
		status, body := h.ask(t, "GET", "/api_3/rpmrepo/adrian/criu/"+tt.sends+"/", "")
		var got struct {
			Repos map[string]struct {
				Arch map[string]struct{ Opts map[string]string }
			}
			Directories map[string]any
		}
		if err := json.Unmarshal([]byte(body), &got); err != nil || status != 200 {
			t.Fatalf("%s: %d, %v", tt.sends, status, err)
		}
		arch, ok := got.Repos[tt.key].Arch[tt.arch]
		if !ok {
			t.Errorf("%s: no %s for %s in %v", tt.sends, tt.key, tt.arch, got.Repos[tt.key])
		}
		if hot := arch.Opts["module_hotfixes"] == "1"; hot != (strings.Contains(tt.sends, "-8") || strings.Contains(tt.sends, "-9")) {
			t.Errorf("%s: module_hotfixes %v", tt.sends, hot)
		}
		if _, ok := got.Directories["criu:testing"]; !ok {
			t.Errorf("%s: directories %v", tt.sends, got.Directories)
		}
	}
	if status, _ := h.ask(t, "GET", "/api_3/rpmrepo/adrian/criu:testing/rocky-9.4/", ""); status != 200 {
		t.Errorf("testing: %d", status)
	}
}

const basic = "Basic bWU6c2VjcmV0" // me:secret

func TestSubmit(t *testing.T) {
	h := serve(t, names, nil)
	const create = `{"ownername":"adrian","projectname":"criu","pkgs":["https://example.org/criu-4.2-1.fc44.src.rpm"],"project_dirname":null,"chroots":["epel-9-x86_64"],"background":true,"timeout":null}`
	for _, tt := range []struct {
		name, path, body, auth string
		status                 int
		want                   string
	}{
		{"no token", "/api_3/build/create/url", create, "", 401, "login invalid"},
		{"bad token", "/api_3/build/create/url", create, "Basic bWU6eA==", 401, "login invalid"},
		{"other project", "/api_3/package/build", `{"ownername":"@virt","projectname":"tools","package_name":"tool"}`, basic, 401, "not good for this project"},
		{"by URL", "/api_3/build/create/url", create, basic, 200, `"submitter":"adrian"`},
		{"undeclared", "/api_3/build/create/url", strings.Replace(create, "criu-4", "sh-4", 1), basic, 400, "package sh is not declared"},
		{"no SRPM", "/api_3/build/create/url", strings.Replace(create, ".src.rpm", ".tar.gz", 1), basic, 400, "want the name of a source package"},
		{"file URL", "/api_3/build/create/url", strings.Replace(create, "https://example.org", "file:///etc", 1), basic, 400, "want http or https"},
		{"by package", "/api_3/package/build", `{"ownername":"adrian","projectname":"criu","package_name":"criu","project_dirname":"criu"}`, basic, 200, `"state":"importing"`},
		{"to stable", "/api_3/package/build", `{"ownername":"adrian","projectname":"criu","package_name":"criu","project_dirname":"criu:beta"}`, basic, 400, "want criu or criu:testing"},
		{"undeclared package", "/api_3/package/build", `{"ownername":"adrian","projectname":"criu","package_name":"sh"}`, basic, 404, "no such package"},
		{"version", "/api_3/package/build", `{"ownername":"adrian","projectname":"criu","package_name":"criu","version":"../x"}`, basic, 400, "version: want"},
		{"refused", "/api_3/package/build", `{"ownername":"adrian","projectname":"criu","package_name":"criu","version":"0"}`, basic, 400, "there is no version 0"},
		{"bad chroot", "/api_3/package/build", `{"ownername":"adrian","projectname":"criu","package_name":"criu","chroots":["x"]}`, basic, 400, "chroot"},
		{"no JSON", "/api_3/package/build", `x`, basic, 400, "no JSON"},
		{"large", "/api_3/package/build", strings.Repeat(" ", 1<<20+1), basic, 400, "over 1 MiB"},
		{"check", "/api_3/build/check-before-build", `{"ownername":"adrian","projectname":"criu"}`, basic, 200, "safe"},
		{"cancel", "/api_3/build/cancel/1", "", basic, 200, `"state":"canceled"`},
		{"cancel again", "/api_3/build/cancel/1", "", basic, 400, "it has ended"},
		{"cancel nothing", "/api_3/build/cancel/77", "", basic, 404, "not found"},
		{"cancel without a token", "/api_3/build/cancel/2", "", "", 401, "login"},
		{"custom hook", "/webhooks/custom/" + number(t, h) + "/hook/criu/?version=4.3", "{}", "", 200, "3\n"},
		{"custom hook, bad secret", "/webhooks/custom/" + number(t, h) + "/hock/criu/", "{}", "", 403, "no such webhook"},
		{"custom hook, token's secret", "/webhooks/custom/" + number(t, h) + "/secret/criu/", "{}", "", 403, "no such webhook"},
		{"custom hook, package", "/webhooks/custom/" + number(t, h) + "/hook/sh/", "{}", "", 404, "no such package"},
		{"custom hook, version", "/webhooks/custom/" + number(t, h) + "/hook/criu/?version=a/b", "{}", "", 400, "version"},
	} {
		status, body := h.ask(t, "POST", tt.path, tt.body, "Authorization", tt.auth, "Content-Type", "application/json")
		if status != tt.status || !strings.Contains(body, tt.want) {
			t.Errorf("%s: %d %s, want %d with %q", tt.name, status, body, tt.status, tt.want)
		}
	}
	if b := h.desk.builds[0]; b.Sources[0].URL != "https://example.org/criu-4.2-1.fc44.src.rpm" || len(b.Chroots) != 1 || !b.Background {
		t.Errorf("%+v", b)
	}
	if b := h.desk.builds[2]; b.Version != "4.3" || b.Submitter != "webhook" {
		t.Errorf("%+v", b)
	}
	if status, body := h.ask(t, "PUT", "/api_3/build/cancel/2", "", "Authorization", basic); status != 200 {
		t.Errorf("PUT: %d %s", status, body)
	}
}

func number(t *testing.T, h hub) string {
	t.Helper()
	u := frontend.WebhookURL(h.PublicURL, "custom", criu, "s", "criu")
	return strings.Split(strings.TrimPrefix(u, h.url), "/")[3]
}

func TestGitHub(t *testing.T) {
	h := serve(t, names, nil)
	path := strings.TrimPrefix(frontend.WebhookURL(h.PublicURL, "github", criu, "hook", "criu"), h.url)
	for _, tt := range []struct{ event, body, version string }{
		{"ping", `{"zen":"x"}`, ""},
		{"push", `{"ref":"refs/heads/main"}`, ""},
		{"release", `{"action":"published","release":{"tag_name":"v4.3"}}`, "4.3"},
		{"release", `{"action":"published","release":{"tag_name":"v5-rc1","prerelease":true}}`, ""},
		{"release", `{"action":"edited","release":{"tag_name":"v4.3"}}`, ""},
		{"create", `{"ref":"criu-4.4","ref_type":"tag"}`, "4.4"},
		{"create", `{"ref":"main","ref_type":"branch"}`, ""},
		{"create", `{"ref":"v1/../../x","ref_type":"tag"}`, ""},
	} {
		before := len(h.desk.builds)
		status, body := h.ask(t, "POST", path, tt.body, "X-GitHub-Event", tt.event)
		made := h.desk.builds[before:]
		if status != 200 || (len(made) == 1) != (tt.version != "") || len(made) == 1 && made[0].Version != tt.version {
			t.Errorf("%s %s: %d %s, %d builds", tt.event, tt.body, status, body, len(made))
		}
	}
}

func TestUpload(t *testing.T) {
	h := serve(t, names, nil)
	const form = "multipart/form-data; boundary=b"
	part := func(name, file, content string) string {
		return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"; filename=\"" + file + "\"\r\n\r\n" + content + "\r\n"
	}
	project := part("json", "json", `{"ownername":"adrian","projectname":"criu","chroots":["epel-9-x86_64"]}`)
	good := part("pkgs", "criu-4.2-1.src.rpm", "bytes") + project + "--b--\r\n"
	if status, body := h.ask(t, "POST", "/api_3/build/create/upload", good, "Authorization", "Basic eDp4", "Content-Type", form); status != 401 || len(h.uploads.kept) != 0 {
		t.Errorf("a stranger: %d %s, kept %v", status, body, h.uploads.kept)
	}
	status, body := h.ask(t, "POST", "/api_3/build/create/upload", good, "Authorization", basic, "Content-Type", form)
	if status != 200 || h.uploads.kept["criu-4.2-1.src.rpm"] != "bytes" || h.desk.builds[0].Sources[0].URL != "file:///uploads/criu-4.2-1.src.rpm" {
		t.Errorf("%d %s, kept %v", status, body, h.uploads.kept)
	}
	for name, bad := range map[string]string{
		"no file":    project + "--b--\r\n",
		"no project": part("pkgs", "criu-4.2-1.src.rpm", "bytes") + "--b--\r\n",
		"other file": part("pkgs", "x.sh", "bytes") + project + "--b--\r\n",
		"cut short":  good[:len(good)-60],
	} {
		if status, body := h.ask(t, "POST", "/api_3/build/create/upload", bad, "Authorization", basic, "Content-Type", form); status != 400 {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
}

// Ten thousand records answer in a tenth of a second, whole or by pages.
func TestManyBuilds(t *testing.T) {
	h := serve(t, names, nil)
	for i := range uint64(10_000) {
		ended := began.Add(time.Duration(i) * time.Second)
		b := &copr.Build{ID: i + 1, Project: criu, Package: "criu", EVR: "4.2-1", State: copr.Succeeded, Channel: copr.Testing, Submitted: began, Ended: &ended}
		for _, c := range projects[0].Chroots {
			b.Chroots = append(b.Chroots, copr.BuildChroot{Chroot: c, State: copr.Succeeded, Started: &began, Ended: &ended})
		}
		h.desk.builds = append(h.desk.builds, b)
	}
	best := time.Hour
	for range 5 {
		start := time.Now()
		status, body := h.ask(t, "GET", "/api_3/build/list?ownername=adrian&projectname=criu", "", "Accept-Encoding", "identity")
		best = min(best, time.Since(start))
		if n := strings.Count(body, `"state"`); status != 200 || n != 10_000 {
			t.Fatalf("%d, %d records", status, n)
		}
	}
	t.Logf("10,000 records in %v", best)
	if best > time.Second { // the figure to reach is 100 ms; a loaded machine is given ten times that
		t.Errorf("10,000 records took %v", best)
	}
	_, body := h.ask(t, "GET", "/api_3/build/list?limit=2&offset=4", "")
	var got struct{ Items []struct{ ID uint64 } }
	if err := json.Unmarshal([]byte(body), &got); err != nil || len(got.Items) != 2 || got.Items[0].ID != 9_996 {
		t.Errorf("a page: %+v, %v", got, err)
	}
	_, body = h.ask(t, "GET", "/api_3/monitor?ownername=adrian&projectname=criu&additional_fields[]=url_build_log", "")
	if want := `"epel-9-x86_64":{"state":"succeeded","status":"succeeded","build_id":10000,"pkg_version":"4.2-1","url_build_log":"` + h.url + `/results/adrian/criu:testing/epel-9-x86_64/00010000-criu/builder-live.log.gz"}`; !strings.Contains(body, want) {
		t.Errorf("monitor: %.400s, want %s", body, want)
	}
	_, body = h.ask(t, "GET", "/api_3/build-chroot/list?build_id=7", "")
	if !strings.Contains(body, `{"name":"epel-9-s390x","state":"succeeded","started_on":1700000000,"ended_on":1700000006,"result_url":"`+h.url+`/results/adrian/criu:testing/epel-9-s390x/00000007-criu/"}`) {
		t.Errorf("build-chroot: %s", body)
	}
}

func TestAtom(t *testing.T) {
	h := serve(t, names, nil)
	h.desk.builds = append(h.desk.builds, &copr.Build{ID: 1, Project: criu, Package: "criu", EVR: "4.2-1", State: copr.Failed, Submitted: began, Reason: "<b>"})
	status, body := h.ask(t, "GET", "/feed.atom", "")
	var feed struct {
		Updated string `xml:"updated"`
		Entries []struct {
			ID    string `xml:"id"`
			Title string `xml:"title"`
		} `xml:"entry"`
	}
	if err := xml.Unmarshal([]byte(body), &feed); err != nil || status != 200 || len(feed.Entries) != 1 || feed.Entries[0].Title != "adrian/criu: criu 4.2-1 failed" || feed.Updated != "2023-11-14T22:13:20Z" {
		t.Errorf("%d %+v, %v\n%s", status, feed, err, body)
	}
	if _, err := frontend.Atom(h.PublicURL, nil); err != nil {
		t.Error(err)
	}
}

// Every route is reached by its own pattern, and no other takes its place.
func TestRoutes(t *testing.T) {
	h := serve(t, names, nil)
	for _, route := range h.Routes() {
		if !slices.ContainsFunc(frontend.Prefixes, func(p string) bool { return strings.HasPrefix(route.Pattern+"/", p) || route.Pattern == p }) {
			t.Errorf("%s is below none of the prefixes", route.Pattern)
		}
		path := strings.NewReplacer("{", "x", "}", "x").Replace(route.Pattern)
		if route.Pattern == "/api_3" {
			path += "/" // the mux of this test would redirect
		}
		if status, body := h.ask(t, "DELETE", path, ""); status != 405 {
			t.Errorf("%s: DELETE: %d %s", route.Pattern, status, body)
		}
	}
}

func FuzzPaths(f *testing.F) {
	h := serve(f, names, nil)
	for _, seed := range []string{"/results/adrian/criu/rocky-9-x86_64/a", "/results/a/../b", "/results//x/y-1-x86_64//evil.example", "/results/adrian/criu/ol-9-x86_64//evil.example/"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		to, ok := h.Alias(path)
		if ok && !strings.HasPrefix(to, h.url+"/results/") {
			t.Errorf("%q leads to %q", path, to)
		}
	})
}

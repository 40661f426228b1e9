package frontend

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"mirrorctl/internal/web"
)

// Route is one kind of request.
type Route struct {
	Methods []string // GET stands for HEAD, too
	Pattern string   // {name} is one element of the path; a slash at the end does not matter
	Handle  web.Handler

	api bool // errors are JSON
}

// Prefixes are what a router gives to Serve.
var Prefixes = []string{"/coprs/", "/api_3/", "/webhooks/", "/feed.atom"}

var get, post, put = []string{"GET"}, []string{"POST"}, []string{"POST", "PUT"}

// Routes are all that Serve answers; the first that matches does.
func (f *Frontend) Routes() []Route {
	return []Route{
		{get, "/coprs/g/{group}/{dir}/repo/{target}", f.repoFile, false},
		{get, "/coprs/g/{group}/{dir}/repo/{target}/{file}", f.repoFile, false},
		{get, "/coprs/{owner}/{dir}/repo/{target}", f.repoFile, false},
		{get, "/coprs/{owner}/{dir}/repo/{target}/{file}", f.repoFile, false},

		{get, "/api_3", f.version, true},
		{get, "/api_3/rpmrepo/{owner}/{dir}/{target}", f.rpmRepo, true},
		{get, "/api_3/project", f.project, true},
		{get, "/api_3/project/list", f.projectList, true},
		{get, "/api_3/project/search", f.projectSearch, true},
		{get, "/api_3/package", f.packageOne, true},
		{get, "/api_3/package/list", f.packageList, true},
		{get, "/api_3/build/list", f.buildList, true},
		{get, "/api_3/build/built-packages/{id}", f.builtPackages, true},
		{get, "/api_3/build/source-chroot/{id}", f.sourceChroot, true},
		{get, "/api_3/build/{id}", f.build, true},
		{get, "/api_3/build-chroot", f.buildChroot, true},
		{get, "/api_3/build-chroot/list", f.buildChroots, true},
		{get, "/api_3/monitor", f.monitor, true},
		{get, "/api_3/mock-chroots/list", f.mockChroots, true},
		{get, "/api_3/auth-check", f.authCheck, true},
		{post, "/api_3/build/check-before-build", f.checkBeforeBuild, true},
		{post, "/api_3/build/create/url", f.createByURL, true},
		{post, "/api_3/build/create/upload", f.createByUpload, true},
		{post, "/api_3/package/build", f.createByPackage, true},
		{put, "/api_3/build/cancel/{id}", f.cancel, true},

		{post, "/webhooks/custom/{project}/{secret}/{package}", f.customHook, false},
		{post, "/webhooks/github/{project}/{secret}/{package}", f.githubHook, false},

		{get, "/feed.atom", f.feed, false},
	}
}

// Serve answers a request below one of Prefixes.
func (f *Frontend) Serve(w http.ResponseWriter, r *http.Request) error {
	path := split(r.URL.Path)
	api := len(path) > 0 && path[0] == "api_3"
	var allowed []string
	for _, route := range f.Routes() {
		values, ok := route.match(path)
		if !ok {
			continue
		}
		method := r.Method
		if method == http.MethodHead {
			method = http.MethodGet
		}
		if !slices.Contains(route.Methods, method) {
			allowed = append(allowed, route.Methods...)
			continue
		}
		for name, value := range values {
			r.SetPathValue(name, value)
		}
		if method != http.MethodGet {
			r.Body = web.Incoming(w, r.Body)
		}
		err := route.Handle(w, r)
		if route.api {
			return apiError(w, err)
		}
		return err
	}
	err := notFound("no such page")
	if allowed != nil {
		err = &web.Problem{Status: http.StatusMethodNotAllowed, Reason: "method", Text: "method not allowed", Header: http.Header{"Allow": {strings.Join(allowed, ", ")}}}
	}
	if api {
		return apiError(w, err)
	}
	return err
}

// match compares a path with the pattern.
func (route Route) match(path []string) (map[string]string, bool) {
	pattern := split(route.Pattern)
	if len(pattern) != len(path) {
		return nil, false
	}
	values := map[string]string{}
	for i, want := range pattern {
		switch name, ok := strings.CutPrefix(want, "{"); {
		case ok && path[i] != "":
			values[strings.TrimSuffix(name, "}")] = path[i]
		case want != path[i]:
			return nil, false
		}
	}
	return values, true
}

// split cuts a decoded path into its elements.
func split(path string) []string {
	return strings.Split(strings.TrimSuffix(strings.TrimPrefix(path, "/"), "/"), "/")
}

func notFound(text string) error {
	return &web.Problem{Status: http.StatusNotFound, Reason: "not_found", Text: text}
}

func badRequest(text string) error {
	return &web.Problem{Status: http.StatusBadRequest, Reason: "bad_request", Text: text}
}

// isProblem finds the answer that an error carries.
func isProblem(err error) (*web.Problem, bool) { return errors.AsType[*web.Problem](err) }

// query is the request's query; a second value of a key is not looked at.
func query(r *http.Request) url.Values { return r.URL.Query() }

package frontend

import (
	"net/http"
	"strings"

	"mirrorctl/copr"
)

// rpmRepo answers dnf5, which makes the .repo file itself: baseurl is results_url/owner/dir/<key of repos>-$basearch/. Of opts it
// takes module_hotfixes; repo_gpgcheck it writes as 0, whatever it is told (5.4.6).
func (f *Frontend) rpmRepo(w http.ResponseWriter, r *http.Request) error {
	d, err := f.directory(r)
	if err != nil {
		return err
	}
	type arch struct {
		Opts map[string]string `json:"opts"`
	}
	type repo struct {
		Arch map[string]arch `json:"arch"`
	}
	repos := map[string]repo{}
	all := targetsOf(f.chroots(d))
	offer := func(name, target string) {
		if _, taken := repos[name]; taken {
			return
		}
		made := repo{map[string]arch{}}
		for _, c := range all[target] {
			opts := map[string]string{}
			if d.ModuleHotfixes && hasModules(target) {
				opts["module_hotfixes"] = "1"
			}
			made.Arch[c.Arch] = arch{opts}
		}
		repos[name] = made
	}
	for target := range all {
		offer(target, target)
	}
	for _, name := range offered {
		for target := range all {
			if version, ok := strings.CutPrefix(target, rebuilds[name]+"-"); ok {
				offer(name+"-"+version, target)
			}
		}
	}
	// The one that asks, by its own name: rocky-8.10.
	asked := r.PathValue("target")
	if target, ok := all.resolve(asked); ok {
		offer(asked, target)
	}
	directories := map[string]struct{}{}
	for _, ch := range []copr.Channel{copr.Stable, copr.Testing} {
		directories[directory{d.Project, ch}.name()] = struct{}{}
	}
	return writeJSON(w, r, map[string]any{
		"results_url":  f.resultsURL(),
		"directories":  directories,
		"dependencies": []any{},
		"repos":        repos,
	})
}

package frontend

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"mirrorctl/copr"
)

// projectRecord is a project in COPR's words. The plugins read name, full_name and description.
type projectRecord struct {
	ID               uint32            `json:"id"`
	Name             string            `json:"name"`
	Owner            string            `json:"ownername"`
	ProjectName      string            `json:"projectname"`
	FullName         string            `json:"full_name"`
	Description      string            `json:"description"`
	Instructions     string            `json:"instructions"`
	Homepage         *string           `json:"homepage"`
	Contact          *string           `json:"contact"`
	ChrootRepos      map[string]string `json:"chroot_repos"`
	AdditionalRepos  []string          `json:"additional_repos"`
	EnableNet        bool              `json:"enable_net"`
	DevelMode        bool              `json:"devel_mode"`
	Persistent       bool              `json:"persistent"`
	Unlisted         bool              `json:"unlisted_on_hp"`
	AutoPrune        bool              `json:"auto_prune"`
	Bootstrap        string            `json:"bootstrap"`
	Isolation        string            `json:"isolation"`
	ModuleHotfixes   bool              `json:"module_hotfixes"`
	Appstream        bool              `json:"appstream"`
	FollowsBranching bool              `json:"follow_fedora_branching"`
	Forges           []string          `json:"packit_forge_projects_allowed"`
	Priority         *int              `json:"repo_priority"`
}

func (f *Frontend) projectRecord(p copr.Project) projectRecord {
	repos := map[string]string{}
	for _, c := range f.chroots(directory{p, copr.Stable}) {
		repos[c.String()] = f.resultsURL() + "/" + p.Name.String() + "/" + c.String() + "/"
	}
	return projectRecord{
		ID: number(p.Name), Name: p.Name.Name, Owner: p.Name.Owner, ProjectName: p.Name.Name, FullName: p.Name.String(),
		Description: p.Description, Instructions: p.Instructions, ChrootRepos: repos, AdditionalRepos: []string{}, Forges: []string{},
		Persistent: true, Bootstrap: "default", Isolation: "default", ModuleHotfixes: p.ModuleHotfixes,
	}
}

// named finds the project of ownername= and projectname=.
func (f *Frontend) named(r *http.Request) (copr.Project, error) {
	return f.find(query(r).Get("ownername"), query(r).Get("projectname"))
}

func (f *Frontend) version(w http.ResponseWriter, r *http.Request) error {
	return writeJSON(w, r, map[string]int{"version": 3})
}

func (f *Frontend) project(w http.ResponseWriter, r *http.Request) error {
	p, err := f.named(r)
	if err != nil {
		return err
	}
	return writeJSON(w, r, f.projectRecord(p))
}

func (f *Frontend) projectList(w http.ResponseWriter, r *http.Request) error {
	owner := query(r).Get("ownername")
	return f.projects(w, r, func(p copr.Project) bool { return owner == "" || p.Name.Owner == owner })
}

// projectSearch looks into names and descriptions for every word of the query; owner/name is one, too.
func (f *Frontend) projectSearch(w http.ResponseWriter, r *http.Request) error {
	words := strings.Fields(strings.ToLower(query(r).Get("query")))
	if len(words) > 20 {
		return badRequest("query: at most 20 words")
	}
	return f.projects(w, r, func(p copr.Project) bool {
		text := strings.ToLower(p.Name.String() + " " + p.Description)
		for _, k := range p.Packages {
			text += " " + strings.ToLower(k.Name)
		}
		return !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(text, word) })
	})
}

func (f *Frontend) projects(w http.ResponseWriter, r *http.Request, wanted func(copr.Project) bool) error {
	at, err := pageOf(r)
	if err != nil {
		return err
	}
	var found []copr.Project
	for _, p := range f.Hub.Projects() {
		if wanted(p) {
			found = append(found, p)
		}
	}
	slices.SortFunc(found, func(a, b copr.Project) int { return cmp.Compare(a.Name.String(), b.Name.String()) })
	var items []projectRecord
	for _, p := range cut(found, at) {
		items = append(items, f.projectRecord(p))
	}
	return writeJSON(w, r, listOf(items, at))
}

// mockChroots are all chroots that some project builds for; the value is COPR's place for a comment.
func (f *Frontend) mockChroots(w http.ResponseWriter, r *http.Request) error {
	all := map[string]string{}
	for _, p := range f.Hub.Projects() {
		for _, c := range p.Chroots {
			all[c.String()] = ""
		}
	}
	return writeJSON(w, r, all)
}

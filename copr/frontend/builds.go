package frontend

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"mirrorctl/copr"
)

// buildRecord is a build in COPR's words. Times are seconds since 1970.
type buildRecord struct {
	ID            uint64        `json:"id"`
	State         copr.State    `json:"state"`
	Owner         string        `json:"ownername"`
	Project       string        `json:"projectname"`
	Directory     string        `json:"project_dirname"`
	RepoURL       string        `json:"repo_url"`
	SourcePackage sourcePackage `json:"source_package"`
	Chroots       []string      `json:"chroots"`
	Submitter     *string       `json:"submitter"`
	Submitted     int64         `json:"submitted_on"`
	Started       *int64        `json:"started_on"`
	Ended         *int64        `json:"ended_on"`
	Background    bool          `json:"is_background"`
	Reason        string        `json:"reason,omitempty"` // ours: why, in a line
}

type sourcePackage struct {
	Name    string  `json:"name"`
	Version *string `json:"version"`
	URL     *string `json:"url"`
}

func (f *Frontend) buildRecord(b *copr.Build) buildRecord {
	d := directory{copr.Project{Name: b.Project}, b.Channel}
	rec := buildRecord{
		ID: b.ID, State: b.State, Owner: b.Project.Owner, Project: b.Project.Name, Directory: d.name(),
		RepoURL:       f.resultsURL() + "/" + b.Channel.Directory(b.Project),
		SourcePackage: sourcePackage{Name: b.Package, Version: text(b.EVR)},
		Chroots:       make([]string, 0, len(b.Chroots)), Submitter: text(b.Submitter), Submitted: b.Submitted.Unix(), Ended: seconds(b.Ended),
		Background: b.Background, Reason: b.Reason,
	}
	var first *time.Time
	for _, c := range b.Chroots {
		rec.Chroots = append(rec.Chroots, c.Chroot.String())
		if c.Started != nil && (first == nil || c.Started.Before(*first)) {
			first = c.Started
		}
	}
	rec.Started = seconds(first)
	return rec
}

func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func seconds(t *time.Time) *int64 {
	if t == nil {
		return nil
	}
	s := t.Unix()
	return &s
}

// recorded is the build of an id in the path or the query.
func (f *Frontend) recorded(r *http.Request, text string) (copr.Build, error) {
	id, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return copr.Build{}, notFound("no such build")
	}
	return f.Ledger.Get(r.Context(), id)
}

func (f *Frontend) build(w http.ResponseWriter, r *http.Request) error {
	b, err := f.recorded(r, r.PathValue("id"))
	if err != nil {
		return err
	}
	return writeJSON(w, r, f.buildRecord(&b))
}

// buildList lists builds, newest first; of all projects where none is named.
func (f *Frontend) buildList(w http.ResponseWriter, r *http.Request) error {
	at, err := pageOf(r)
	if err != nil {
		return err
	}
	values := query(r)
	q := copr.Query{Package: values.Get("packagename"), State: copr.State(values.Get("status")), Limit: at.offset + at.limit}
	if values.Has("ownername") || values.Has("projectname") {
		p, err := f.named(r)
		if err != nil {
			return err
		}
		q.Project = p.Name
	}
	if q.State != "" && !slices.Contains(copr.States, q.State) {
		return badRequest("status: no such state")
	}
	builds := cut(f.Ledger.List(q), at)
	items := make([]buildRecord, 0, len(builds))
	for _, b := range builds {
		items = append(items, f.buildRecord(b))
	}
	return writeJSON(w, r, listOf(items, at))
}

// chrootRecord is one chroot of a build.
type chrootRecord struct {
	Name    string     `json:"name"`
	State   copr.State `json:"state"`
	Started *int64     `json:"started_on"`
	Ended   *int64     `json:"ended_on"`
	URL     string     `json:"result_url"`
	Reason  string     `json:"reason,omitempty"` // ours
}

func (f *Frontend) chrootRecord(b *copr.Build, c *copr.BuildChroot) chrootRecord {
	return chrootRecord{
		Name: c.Chroot.String(), State: c.State, Started: seconds(c.Started), Ended: seconds(c.Ended), Reason: c.Reason,
		URL: f.resultsURL() + "/" + b.Channel.Directory(b.Project) + "/" + c.Chroot.String() + "/" + b.Dir() + "/",
	}
}

func (f *Frontend) buildChroot(w http.ResponseWriter, r *http.Request) error {
	b, err := f.recorded(r, query(r).Get("build_id"))
	if err != nil {
		return err
	}
	chroot, err := copr.ParseChroot(query(r).Get("chrootname"))
	if err != nil {
		return badRequest("chrootname: want one as epel-9-x86_64")
	}
	c := b.Chroot(chroot)
	if c == nil {
		return notFound("the build does not have this chroot")
	}
	return writeJSON(w, r, f.chrootRecord(&b, c))
}

func (f *Frontend) buildChroots(w http.ResponseWriter, r *http.Request) error {
	at, err := pageOf(r)
	if err != nil {
		return err
	}
	b, err := f.recorded(r, query(r).Get("build_id"))
	if err != nil {
		return err
	}
	var items []chrootRecord
	for i := range b.Chroots {
		items = append(items, f.chrootRecord(&b, &b.Chroots[i]))
	}
	return writeJSON(w, r, listOf(cut(items, at), at))
}

// sourceChroot is how the source package came about.
func (f *Frontend) sourceChroot(w http.ResponseWriter, r *http.Request) error {
	b, err := f.recorded(r, r.PathValue("id"))
	if err != nil {
		return err
	}
	state := copr.Succeeded
	if b.SRPM.IsZero() {
		state = b.State
	}
	return writeJSON(w, r, map[string]any{"state": state, "result_url": nil})
}

// builtPackages lists what was built, by chroot.
func (f *Frontend) builtPackages(w http.ResponseWriter, r *http.Request) error {
	b, err := f.recorded(r, r.PathValue("id"))
	if err != nil {
		return err
	}
	type list struct {
		Packages []nevra `json:"packages"`
	}
	all := map[string]list{}
	for _, c := range b.Chroots {
		made := list{[]nevra{}}
		if c.Result != nil {
			for _, file := range c.Result.Files {
				if p, ok := nevraOf(file.Name, b.EVR); ok {
					made.Packages = append(made.Packages, p)
				}
			}
		}
		all[c.Chroot.String()] = made
	}
	return writeJSON(w, r, all)
}

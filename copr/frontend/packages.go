package frontend

import (
	"net/http"
	"strconv"
	"strings"

	"mirrorctl/copr"
)

// packageRecord is a package in COPR's words.
type packageRecord struct {
	ID          uint32        `json:"id"`
	Name        string        `json:"name"`
	Owner       string        `json:"ownername"`
	Project     string        `json:"projectname"`
	SourceType  string        `json:"source_type"`
	Source      packageSource `json:"source_dict"`
	AutoRebuild bool          `json:"auto_rebuild"`
	Builds      packageBuilds `json:"builds"`
}

type packageSource struct {
	Spec    string   `json:"spec"`
	Version string   `json:"version"`
	URLs    []string `json:"urls"`
}

type packageBuilds struct {
	Latest    *buildRecord `json:"latest"`
	Succeeded *buildRecord `json:"latest_succeeded"`
}

func (f *Frontend) packageRecord(r *http.Request, p copr.Project, k copr.Package) packageRecord {
	rec := packageRecord{
		ID: number(copr.ProjectName{Owner: p.Name.String(), Name: k.Name}), Name: k.Name, Owner: p.Name.Owner, Project: p.Name.Name,
		SourceType: "custom", Source: packageSource{Spec: k.Spec, Version: k.Version, URLs: []string{}}, AutoRebuild: k.Watch != (copr.Watch{}),
	}
	for _, s := range k.Sources {
		rec.Source.URLs = append(rec.Source.URLs, s.URL)
	}
	latest := func(key string, state copr.State) *buildRecord {
		if on, _ := strconv.ParseBool(query(r).Get(key)); !on {
			return nil
		}
		for _, b := range f.Ledger.List(copr.Query{Project: p.Name, Package: k.Name, State: state, Limit: 1}) {
			rec := f.buildRecord(b)
			return &rec
		}
		return nil
	}
	rec.Builds = packageBuilds{latest("with_latest_build", ""), latest("with_latest_succeeded_build", copr.Succeeded)}
	return rec
}

func (f *Frontend) packageOne(w http.ResponseWriter, r *http.Request) error {
	p, err := f.named(r)
	if err != nil {
		return err
	}
	k, err := declared(p, query(r).Get("packagename"))
	if err != nil {
		return err
	}
	return writeJSON(w, r, f.packageRecord(r, p, k))
}

func declared(p copr.Project, name string) (copr.Package, error) {
	for _, k := range p.Packages {
		if k.Name == name {
			return k, nil
		}
	}
	return copr.Package{}, notFound("no such package in project " + p.Name.String())
}

func (f *Frontend) packageList(w http.ResponseWriter, r *http.Request) error {
	at, err := pageOf(r)
	if err != nil {
		return err
	}
	p, err := f.named(r)
	if err != nil {
		return err
	}
	var items []packageRecord
	for _, k := range cut(p.Packages, at) {
		items = append(items, f.packageRecord(r, p, k))
	}
	return writeJSON(w, r, listOf(items, at))
}

// monitored is the last build of a package in a chroot.
type monitored struct {
	State   copr.State `json:"state"`
	Status  copr.State `json:"status"`
	Build   uint64     `json:"build_id"`
	Version *string    `json:"pkg_version"`
	Log     string     `json:"url_build_log,omitempty"`
}

// maxMonitored is how many builds of a package are looked through for the last of each chroot.
const maxMonitored = 200

// monitor is how each package stands in each chroot.
func (f *Frontend) monitor(w http.ResponseWriter, r *http.Request) error {
	p, err := f.named(r)
	if err != nil {
		return err
	}
	withLog := false
	for _, field := range query(r)["additional_fields[]"] {
		withLog = withLog || field == "url_build_log"
	}
	type packageState struct {
		Name    string               `json:"name"`
		Chroots map[string]monitored `json:"chroots"`
	}
	packages := []packageState{}
	for _, k := range p.Packages {
		state := packageState{k.Name, map[string]monitored{}}
		for _, b := range f.Ledger.List(copr.Query{Project: p.Name, Package: k.Name, Limit: maxMonitored}) {
			for i := range b.Chroots {
				c := &b.Chroots[i]
				if _, later := state.Chroots[c.Chroot.String()]; later {
					continue
				}
				m := monitored{State: c.State, Status: c.State, Build: b.ID, Version: text(b.EVR)}
				if withLog {
					m.Log = f.chrootRecord(b, c).URL + "builder-live.log.gz"
				}
				state.Chroots[c.Chroot.String()] = m
			}
		}
		packages = append(packages, state)
	}
	return writeJSON(w, r, map[string]any{"output": "ok", "message": "Project monitor request successful", "packages": packages})
}

// nevra is a package that was built.
type nevra struct {
	Name    string `json:"name"`
	Epoch   int64  `json:"epoch"`
	Version string `json:"version"`
	Release string `json:"release"`
	Arch    string `json:"arch"`
}

// nevraOf reads the name of a package's file; its epoch is the source package's, which is not in the name.
func nevraOf(file, evr string) (p nevra, ok bool) {
	name, ok := strings.CutSuffix(file, ".rpm")
	if !ok {
		return p, false
	}
	if epoch, _, found := strings.Cut(evr, ":"); found {
		p.Epoch, _ = strconv.ParseInt(epoch, 10, 64)
	}
	for _, part := range []struct {
		into *string
		sep  string
	}{{&p.Arch, "."}, {&p.Release, "-"}, {&p.Version, "-"}} {
		i := strings.LastIndex(name, part.sep)
		if i <= 0 {
			return nevra{}, false
		}
		*part.into, name = name[i+1:], name[:i]
	}
	p.Name = name
	return p, true
}

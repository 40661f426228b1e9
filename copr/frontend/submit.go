package frontend

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"

	"mirrorctl/copr"
)

const (
	maxForm   = 1 << 20 // bytes of JSON
	maxUpload = 1 << 30 // bytes of a source package, as much as is fetched of one elsewhere
	maxURLs   = 100     // builds in one request
)

// submission is what copr-cli sends. Options of COPR that have no meaning here are read and ignored, as it sends all of them.
type submission struct {
	Owner      string   `json:"ownername"`
	Project    string   `json:"projectname"`
	Directory  string   `json:"project_dirname"`
	Package    string   `json:"package_name"`
	URLs       []string `json:"pkgs"`
	Chroots    []string `json:"chroots"`
	Exclude    []string `json:"exclude_chroots"`
	Background bool     `json:"background"`
	Version    string   `json:"version"` // ours: which of upstream's
}

// order checks a submission and who sends it.
func (f *Frontend) order(r *http.Request, s submission) (copr.Order, copr.Project, error) {
	p, err := f.find(s.Owner, s.Project)
	if err != nil {
		return copr.Order{}, p, err
	}
	who, err := f.allowed(r, p.Name)
	if err != nil {
		return copr.Order{}, p, err
	}
	o := copr.Order{Project: p.Name, Package: s.Package, Version: s.Version, Background: s.Background, Submitter: who}
	if s.Directory != "" && s.Directory != s.Project {
		d, err := f.directoryOf(s.Owner, s.Directory)
		if err != nil || d.Name != p.Name {
			return o, p, badRequest("project_dirname: want " + s.Project + " or " + s.Project + ":testing")
		}
		o.Channel = d.channel
	}
	if !isVersion(s.Version) {
		return o, p, badRequest("version: want letters, digits and ._+~^")
	}
	if o.Chroots, err = chosen(p, s.Chroots, s.Exclude); err != nil {
		return o, p, err
	}
	return o, p, nil
}

// chosen are the chroots that a submission names. None stands for all, unless some are excluded.
func chosen(p copr.Project, names, exclude []string) ([]copr.Chroot, error) {
	var all []copr.Chroot
	left := map[string]bool{}
	for _, name := range exclude {
		left[name] = true
	}
	if len(names) > maxPage {
		return nil, badRequest("chroots: too many")
	}
	for _, name := range names {
		c, err := copr.ParseChroot(name)
		if err != nil {
			return nil, badRequest(err.Error())
		}
		if !left[name] {
			all = append(all, c)
		}
	}
	if len(names) == 0 && len(exclude) > 0 {
		for _, c := range p.Chroots {
			if !left[c.String()] {
				all = append(all, c)
			}
		}
	}
	if len(all) == 0 && (len(names) > 0 || len(exclude) > 0) {
		return nil, badRequest("chroots: all of them are excluded")
	}
	return all, nil
}

// form reads the JSON body of a submission.
func form(r io.Reader) (s submission, err error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxForm+1))
	switch {
	case err != nil:
		return s, badRequest("the request was cut short")
	case len(raw) > maxForm:
		return s, badRequest("over 1 MiB of JSON")
	}
	if err := json.Unmarshal(raw, &s); err != nil {
		return s, badRequest("the body is no JSON of a submission")
	}
	return s, nil
}

// createByURL builds source packages that lie somewhere else, one build for each.
func (f *Frontend) createByURL(w http.ResponseWriter, r *http.Request) error {
	s, err := form(r.Body)
	if err != nil {
		return err
	}
	o, p, err := f.order(r, s)
	if err != nil {
		return err
	}
	if len(s.URLs) == 0 || len(s.URLs) > maxURLs {
		return badRequest(fmt.Sprintf("pkgs: want 1 to %d URLs of source packages", maxURLs))
	}
	var orders []copr.Order
	for _, u := range s.URLs { // all are looked at before the first is begun
		v, err := url.Parse(u)
		if err != nil || v.Scheme != "http" && v.Scheme != "https" || v.Host == "" {
			return badRequest("pkgs: want http or https URLs")
		}
		one := o
		one.SRPM = u
		if one.Package, err = sourceOf(p, path.Base(v.Path)); err != nil {
			return err
		}
		orders = append(orders, one)
	}
	var items []buildRecord
	for _, o := range orders {
		b, err := f.Hub.Submit(r.Context(), o)
		if err != nil {
			return err
		}
		items = append(items, f.buildRecord(&b))
	}
	return writeJSON(w, r, listOf(items, page{limit: len(items)}))
}

// sourceOf tells whose source package a file is, by its name: the project must have declared it.
func sourceOf(p copr.Project, file string) (string, error) {
	name, ok := strings.CutSuffix(file, ".src.rpm")
	if ok {
		if built, ok := nevraOf(name+".src.rpm", ""); ok {
			if k, err := declared(p, built.Name); err == nil {
				return k.Name, nil
			}
			return "", badRequest("package " + built.Name + " is not declared in project " + p.Name.String())
		}
	}
	return "", badRequest("want the name of a source package: name-version-release.src.rpm")
}

// createByPackage builds what is declared.
func (f *Frontend) createByPackage(w http.ResponseWriter, r *http.Request) error {
	s, err := form(r.Body)
	if err != nil {
		return err
	}
	o, p, err := f.order(r, s)
	if err != nil {
		return err
	}
	if _, err := declared(p, o.Package); err != nil {
		return err
	}
	b, err := f.Hub.Submit(r.Context(), o)
	if err != nil {
		return err
	}
	return writeJSON(w, r, f.buildRecord(&b))
}

// checkBeforeBuild is what copr-cli asks before it sends a large file.
func (f *Frontend) checkBeforeBuild(w http.ResponseWriter, r *http.Request) error {
	s, err := form(r.Body)
	if err != nil {
		return err
	}
	if _, _, err := f.order(r, s); err != nil {
		return err
	}
	return writeJSON(w, r, map[string]string{"message": "It should be safe to submit a build like this"})
}

// isVersion reports whether s may be a version that upstream gave; "" stands for the declared one.
func isVersion(s string) bool {
	return len(s) <= 64 && !strings.HasPrefix(s, ".") && strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz0123456789._+~^") == ""
}

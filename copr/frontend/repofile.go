package frontend

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"mirrorctl/copr"
	"mirrorctl/internal/web"
)

// repoFile answers dnf 4's and yum's plugins, and whoever puts the URL into yum.repos.d by hand. The target is a distribution
// with its version, or a whole chroot; dnf 4.3.1 asks for arch=x86_64 on all of EL, so an arch is not looked at.
func (f *Frontend) repoFile(w http.ResponseWriter, r *http.Request) error {
	d, err := f.directory(r)
	if err != nil {
		return err
	}
	asked := r.PathValue("target")
	if c, err := copr.ParseChroot(asked); err == nil {
		asked = c.Target()
	}
	chroots := f.chroots(d)
	target, ok := targetsOf(chroots).resolve(asked)
	if !ok {
		return noChroot(d, chroots)
	}
	body := f.repoText(d, target)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "public, max-age=30")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodHead {
		return nil
	}
	_, err = w.Write([]byte(body))
	return err
}

// repoText is the .repo file. dnf 4 names it after the first line, which it cuts at fixed places: no \r, nothing before it.
func (f *Frontend) repoText(d directory, target string) string {
	results := f.resultsURL()
	var s strings.Builder
	line := func(key, value string) { s.WriteString(key + "=" + value + "\n") }
	s.WriteString("[" + f.repoID(d) + "]\n")
	line("name", fmt.Sprintf("Copr repo for %s owned by %s", d.name(), d.Name.Owner))
	line("baseurl", results+"/"+d.channel.Directory(d.Name)+"/"+variable(target)+"-$basearch/")
	line("type", "rpm-md")
	line("skip_if_unavailable", "True")
	line("gpgcheck", "1")
	line("gpgkey", results+"/"+d.Name.String()+"/pubkey.gpg")
	line("repo_gpgcheck", bit(d.RepoGPGCheck))
	line("enabled", "1")
	line("enabled_metadata", "1")
	if d.ModuleHotfixes && hasModules(target) {
		line("module_hotfixes", "1")
	}
	return s.String()
}

// repoID is copr:host:owner:name, the host without its port: dnf looks for it so.
func (f *Frontend) repoID(d directory) string {
	owner := d.Name.Owner
	if group, ok := strings.CutPrefix(owner, "@"); ok {
		owner = "group_" + group
	}
	return "copr:" + f.PublicURL.Hostname() + ":" + owner + ":" + d.name()
}

// variable puts $releasever in the place of a number of Fedora, so that the file outlives an upgrade. Rawhide and EL stay
// as they are: their $releasever is not what their chroots are called.
func variable(target string) string {
	if number, ok := strings.CutPrefix(target, "fedora-"); ok && strings.Trim(number, "0123456789") == "" {
		return "fedora-$releasever"
	}
	return target
}

func bit(b bool) string {
	if b {
		return "1"
	}
	return "0"
}

// noChroot tells dnf 4 what there is instead; it prints the list.
func noChroot(d directory, chroots []copr.Chroot) error {
	names := []string{}
	for _, c := range chroots {
		names = append(names, c.String())
	}
	raw, err := json.Marshal(map[string][]string{"available chroots": names})
	if err != nil {
		return err
	}
	return &web.Problem{
		Status: http.StatusNotFound, Reason: "not_found", Text: "project " + d.Name.String() + " does not build for this chroot",
		Header: http.Header{"Copr-Error-Data": {base64.StdEncoding.EncodeToString(raw)}},
	}
}

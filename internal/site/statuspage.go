package site

import (
	"net/http"
	"strings"
	"time"

	"mirrorctl/internal/web"
)

// StatusPage answers with the state of the site, for people or as JSON.
func (s *Site) StatusPage(w http.ResponseWriter, r *http.Request) error {
	facts := web.FactsOf(w)
	facts.Site = web.SiteUI
	if err := web.CheckMethod(r); err != nil {
		return err
	}
	v := s.View()
	page := web.StatusPage{Name: v.config.PublicURL.URL().Host, Version: s.version, Time: time.Now().UTC(), Generation: v.catalog.Generation()}
	for _, sum := range v.Summaries(page.Time) {
		line := web.StatusRelease{
			Release: sum.Release, State: sum.State, Since: sum.Since, EOL: sum.EOL,
			Repositories: sum.Repositories, Packages: sum.Packages, Files: sum.Files, Bytes: sum.Bytes,
		}
		if len(sum.Trees) > 0 {
			line.URL = v.targets.PublicURL(schemeOf(facts.Client.Scheme), sum.Trees[0], true)
		}
		page.Releases = append(page.Releases, line)
	}
	for _, t := range s.Torn() {
		dir := pathOf(t.Dir)
		page.Inconsistent = append(page.Inconsistent, web.StatusRepository{RepoID: v.catalog.Resolve(dir).Repo, Dir: dir, Problem: t.Reason, Since: t.Since})
	}
	for _, j := range s.jobs.newest(v.config.Archive) {
		page.Jobs = append(page.Jobs, web.StatusJob{ID: j.ID, Release: j.Release, Phase: string(j.State), Done: j.StoredBytes, Total: j.Totals.Bytes, Error: j.Reason})
	}
	if strings.HasSuffix(r.URL.Path, ".json") {
		return web.WriteStatusJSON(w, r, page)
	}
	return web.WriteStatus(w, r, page)
}

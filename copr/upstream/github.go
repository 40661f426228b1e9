package upstream

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
)

// askGitHub asks for the releases of owner/name. The first page is the newest hundred, which is enough: older ones are not
// newer than what is known.
func (w *Watcher) askGitHub(ctx context.Context, repository string, m *memory) ([]string, error) {
	owner, name, ok := strings.Cut(repository, "/")
	if !ok || owner == "" || name == "" || strings.Contains(name, "/") {
		return nil, fmt.Errorf("github %q: want owner/name", repository)
	}
	header := map[string]string{"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
	if w.o.Token != "" {
		header["Authorization"] = "Bearer " + w.o.Token
	}
	body, err := w.get(ctx, w.o.GitHub+"/repos/"+url.PathEscape(owner)+"/"+url.PathEscape(name)+"/releases?per_page=100", header, m)
	if err != nil || body == nil {
		return m.Versions, err
	}
	versions, err := parseGitHub(body)
	if err != nil {
		m.ETag = "" // or the next answer would be "as you know"
		return nil, err
	}
	m.Versions = versions
	return versions, nil
}

// parseGitHub reads a page of releases: the versions of those that are neither drafts nor pre-releases.
func parseGitHub(body []byte) ([]string, error) {
	var releases []struct {
		Tag        string `json:"tag_name"`
		Draft      bool   `json:"draft"`
		Prerelease bool   `json:"prerelease"`
	}
	if err := json.Unmarshal(body, &releases); err != nil {
		return nil, fmt.Errorf("read GitHub's releases: %w", err)
	}
	var out []string
	for _, r := range releases {
		if r.Draft || r.Prerelease {
			continue
		}
		if v, ok := versionOf(r.Tag); ok && len(out) < maxVersions {
			out = append(out, v)
		}
	}
	return out, nil
}

package upstream

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
)

// askAnitya asks release-monitoring.org for the versions of a project, by its number.
func (w *Watcher) askAnitya(ctx context.Context, project string, m *memory) ([]string, error) {
	id, err := strconv.ParseUint(project, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("anitya %q: want the number of a project", project)
	}
	body, err := w.get(ctx, w.o.Anitya+"/api/v2/versions/?project_id="+strconv.FormatUint(id, 10), nil, m)
	if err != nil || body == nil {
		return m.Versions, err
	}
	versions, err := parseAnitya(body)
	if err != nil {
		m.ETag = ""
		return nil, err
	}
	m.Versions = versions
	return versions, nil
}

// parseAnitya reads an answer of /api/v2/versions/. Stable versions are those that the project's own filter lets through.
func parseAnitya(body []byte) ([]string, error) {
	var answer struct {
		Stable []string `json:"stable_versions"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, fmt.Errorf("read Anitya's versions: %w", err)
	}
	var out []string
	for _, s := range answer.Stable {
		if v, ok := versionOf(s); ok && len(out) < maxVersions {
			out = append(out, v)
		}
	}
	return out, nil
}

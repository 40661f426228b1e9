package web

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"time"

	"mirrorctl/mirror"
)

// StatusPage is what the status page shows, and the JSON of it.
type StatusPage struct {
	Name         string             `json:"name"` // of the site
	Version      string             `json:"version"`
	Time         time.Time          `json:"time"`
	Generation   uint64             `json:"generation"` // of the state document
	Releases     []StatusRelease    `json:"releases"`
	Inconsistent []StatusRepository `json:"inconsistent"`
	Jobs         []StatusJob        `json:"jobs"`
}

// StatusRelease is one release.
type StatusRelease struct {
	Release      mirror.Release `json:"release"`
	State        mirror.State   `json:"state"`
	Since        time.Time      `json:"since,omitzero"`
	EOL          string         `json:"eol,omitempty"` // a date, as people write it
	Repositories int            `json:"repositories"`
	Packages     int64          `json:"packages"`
	Files        int64          `json:"files"`
	Bytes        int64          `json:"bytes"`
	URL          string         `json:"url,omitempty"` // where it can be looked at
}

// StatusRepository is a repository whose files on disk are held back.
type StatusRepository struct {
	mirror.RepoID
	Dir     mirror.Path `json:"dir"`
	Problem string      `json:"problem"`
	Since   time.Time   `json:"since,omitzero"`
}

// StatusJob is an archive, restore or prune job.
type StatusJob struct {
	ID      string         `json:"id"`
	Release mirror.Release `json:"release"`
	Phase   string         `json:"phase"`
	Done    int64          `json:"done_bytes"`
	Total   int64          `json:"total_bytes"`
	ETA     time.Time      `json:"eta,omitzero"`
	Error   string         `json:"error,omitempty"`
}

//go:embed status.html
var statusText string

var statusTemplate = template.Must(template.New("status").Funcs(template.FuncMap{
	"style":  func() template.CSS { return template.CSS(style) },
	"bytes":  func(n int64) string { return string(appendSize(nil, n)) },
	"day":    func(t time.Time) string { return format(t, "2006-01-02") },
	"minute": func(t time.Time) string { return format(t, "2006-01-02 15:04 UTC") },
}).Parse(statusText))

func format(t time.Time, layout string) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(layout)
}

// WriteStatus answers with the page for people, or with its JSON where Accept prefers that.
func WriteStatus(w http.ResponseWriter, r *http.Request, p StatusPage) error {
	if wantsJSON(r.Header["Accept"]) {
		return WriteStatusJSON(w, r, p)
	}
	var b bytes.Buffer
	if err := statusTemplate.Execute(&b, p); err != nil {
		return fmt.Errorf("make status page: %w", err)
	}
	return writePage(w, r, typeHTML, b.Bytes())
}

// WriteStatusJSON answers with the same data as JSON. Lists are never null.
func WriteStatusJSON(w http.ResponseWriter, r *http.Request, p StatusPage) error {
	if p.Releases == nil {
		p.Releases = []StatusRelease{}
	}
	if p.Inconsistent == nil {
		p.Inconsistent = []StatusRepository{}
	}
	if p.Jobs == nil {
		p.Jobs = []StatusJob{}
	}
	b, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return fmt.Errorf("make status: %w", err)
	}
	return writePage(w, r, typeJSON, append(b, '\n'))
}

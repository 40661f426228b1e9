package results

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"mirrorctl/internal/durable"
	"mirrorctl/repomd"
)

const repomdName = "repomd.xml"

// oldMetadata names the files of repodata that belong to generations which were replaced before the grace. All files of one
// generation have its time; a generation was replaced at the time of the next.
func (t *Tree) oldMetadata(repodata string) ([]string, error) {
	raw, err := os.ReadFile(filepath.Join(repodata, repomdName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	current, err := repomd.Parse(raw)
	if err != nil {
		return nil, err
	}
	keep := map[string]bool{repomdName: true, repomdName + ".asc": true, repomdName + ".key": true}
	for _, d := range current.Data {
		keep[strings.TrimPrefix(d.Href, "repodata/")] = true
	}
	entries, err := os.ReadDir(repodata)
	if err != nil {
		return nil, err
	}
	at := map[string]time.Time{}
	var times []time.Time
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			return nil, err
		}
		at[e.Name()] = info.ModTime()
		times = append(times, info.ModTime())
	}
	slices.SortFunc(times, time.Time.Compare)
	var old []string
	for _, e := range entries {
		if keep[e.Name()] || !e.Type().IsRegular() || durable.IsTemp(e.Name()) {
			continue
		}
		replaced := at[repomdName]
		if next := slices.IndexFunc(times, func(x time.Time) bool { return x.After(at[e.Name()]) }); next >= 0 {
			replaced = times[next]
		}
		if t.Now().Sub(replaced) > t.Grace {
			old = append(old, e.Name())
		}
	}
	return old, nil
}

package frontend

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"mirrorctl/copr"
)

// maxFeed is how many builds a feed holds.
const maxFeed = 50

type atomFeed struct {
	XMLName xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
	ID      string      `xml:"id"`
	Title   string      `xml:"title"`
	Updated string      `xml:"updated"`
	Links   []atomLink  `xml:"link"`
	Author  string      `xml:"author>name"`
	Entries []atomEntry `xml:"entry"`
}

type atomLink struct {
	Rel  string `xml:"rel,attr"`
	Href string `xml:"href,attr"`
}

type atomEntry struct {
	ID      string   `xml:"id"`
	Title   string   `xml:"title"`
	Updated string   `xml:"updated"`
	Link    atomLink `xml:"link"`
	Summary string   `xml:"summary"`
}

// Atom is a feed of builds, the newest first.
func Atom(public *url.URL, builds []*copr.Build) ([]byte, error) {
	home := public.String()
	feed := atomFeed{ID: home + "feed.atom", Title: "Builds on " + public.Host, Author: public.Host, Links: []atomLink{{"self", home + "feed.atom"}, {"alternate", home}}}
	latest := time.Unix(0, 0)
	for _, b := range builds[:min(len(builds), maxFeed)] {
		at := b.Submitted
		if b.Ended != nil {
			at = *b.Ended
		}
		if at.After(latest) {
			latest = at
		}
		title := fmt.Sprintf("%s: %s %s %s", b.Project, b.Package, b.EVR, b.State)
		if b.EVR == "" {
			title = fmt.Sprintf("%s: %s %s %s", b.Project, b.Package, b.Version, b.State)
		}
		summary := fmt.Sprintf("Build %d.", b.ID)
		for _, c := range b.Chroots {
			summary += fmt.Sprintf(" %s: %s.", c.Chroot, c.State)
		}
		feed.Entries = append(feed.Entries, atomEntry{
			// One entry for each state of a build: readers show what is new by its id.
			ID: fmt.Sprintf("%sapi_3/build/%d#%s", home, b.ID, b.State), Title: title, Updated: stamp(at), Summary: summary,
			Link: atomLink{"alternate", fmt.Sprintf("%sapi_3/build/%d", home, b.ID)},
		})
	}
	feed.Updated = stamp(latest)
	raw, err := xml.MarshalIndent(feed, "", " ")
	if err != nil {
		return nil, err
	}
	return append([]byte(xml.Header), append(raw, '\n')...), nil
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func (f *Frontend) feed(w http.ResponseWriter, r *http.Request) error {
	raw, err := Atom(f.PublicURL, f.Ledger.List(copr.Query{Limit: maxFeed}))
	if err != nil {
		return err
	}
	return writeBody(w, r, "application/atom+xml", raw)
}

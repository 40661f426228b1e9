package notify

import (
	"cmp"
	"fmt"
	"net/url"
	"strings"
	"time"

	"mirrorctl/copr"
)

// Event is the end of a build. It is also what is kept of it while it waits.
type Event struct {
	Format    int              `json:"format"` // 1
	Event     copr.State       `json:"event"`
	Delivery  string           `json:"delivery"`
	Time      time.Time        `json:"time"` // of the end
	Project   copr.ProjectName `json:"project"`
	Package   string           `json:"package"`
	Version   string           `json:"version,omitempty"`
	EVR       string           `json:"evr,omitempty"`
	Build     uint64           `json:"build"`
	Channel   copr.Channel     `json:"channel"`
	URL       string           `json:"url"`
	Submitter string           `json:"submitter,omitempty"`
	Reason    string           `json:"reason,omitempty"`
	Chroots   []Chroot         `json:"chroots"`
}

// Chroot is how one chroot ended.
type Chroot struct {
	Chroot copr.Chroot `json:"chroot"`
	State  copr.State  `json:"state"`
	Reason string      `json:"reason,omitempty"`
}

// eventOf tells of a build that has ended. Its number and the time of its end name the event for good: a retry ends anew.
func eventOf(b *copr.Build, public *url.URL) Event {
	e := Event{
		Format: 1, Event: b.State, Delivery: fmt.Sprintf("%d-%x", b.ID, b.Ended.UnixNano()), Time: b.Ended.UTC(),
		Project: b.Project, Package: b.Package, Version: b.Version, EVR: b.EVR, Build: b.ID, Channel: b.Channel,
		URL: public.JoinPath("api_3", "build", fmt.Sprint(b.ID)).String(), Submitter: b.Submitter, Reason: b.Reason,
	}
	for _, c := range b.Chroots {
		e.Chroots = append(e.Chroots, Chroot{c.Chroot, c.State, c.Reason})
	}
	return e
}

// file is the name under which the event waits for h; names sort by time.
func (e Event) file(h Hook) string {
	return fmt.Sprintf("%020d-%d-%s.json", e.Time.UnixNano(), e.Build, h.id())
}

// text is the event for people: the first line says it all.
func (e Event) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s %s %s (build %d)\n", e.Project, e.Package, cmp.Or(e.EVR, e.Version), e.Event, e.Build)
	if e.Reason != "" {
		fmt.Fprintf(&b, "%s\n", e.Reason)
	}
	for _, c := range e.Chroots {
		fmt.Fprintf(&b, "%s: %s", c.Chroot, c.State)
		if c.Reason != "" && c.Reason != e.Reason {
			fmt.Fprintf(&b, ": %s", c.Reason)
		}
		b.WriteByte('\n')
	}
	b.WriteString(e.URL + "\n")
	return b.String()
}

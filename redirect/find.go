package redirect

import (
	"net/http"
	"net/netip"
	"strings"

	"mirrorctl/mirror"
)

// subject is what a query asks for, found in the catalog.
type subject struct {
	head    string      // the comment line's beginning
	dir     mirror.Path // a repository, or the directory of path=
	file    string      // the file in dir; "" for dir itself
	entry   Entry       // of path=
	repo    mirror.RepoID
	release mirror.Release
	state   mirror.State
	near    netip.Addr // where the answer is for
}

// archived reports whether the archive answers.
func (s *subject) archived() bool { return s.state.FromArchive() }

// refusal is why a query gets no list: the same words in text and, as a comment, in XML.
type refusal struct {
	status  int
	text    string
	outcome Outcome
}

// find looks up what q asks for. The order of the checks is mirrorlist-server's: a query with
// two faults gets the answer to the first.
func (s *Snapshot) find(q Query, c Client) (sub subject, no *refusal) {
	switch {
	case q.ByPath:
		sub, no = s.findPath(q)
	case q.ByRepo:
		sub, no = s.findRepo(q)
	default:
		no = &refusal{http.StatusOK, "# either path=, or repo= and arch= must be specified", OutcomeMissing}
	}
	if no != nil {
		return sub, no
	}
	sub.near = c.Addr
	if q.IP != "" {
		ip, err := netip.ParseAddr(q.IP)
		if err != nil {
			// mirrorlist-server says 500, but the fault is the client's.
			return sub, &refusal{http.StatusBadRequest, "Cannot parse client IP address. Aborting.", OutcomeBadIP}
		}
		sub.near = ip.Unmap().WithZone("")
	}
	return sub, nil
}

// findRepo finds repo= and arch=. Whoever asks for a source repository means its sources,
// whatever $basearch put into arch=.
func (s *Snapshot) findRepo(q Query) (subject, *refusal) {
	if strings.Contains(q.Repo, "source") {
		q.Arch = "source"
	}
	repo, state, ok := s.catalog.Lookup(mirror.RepoID{Name: q.Repo, Arch: q.Arch})
	switch {
	case s.options.Disabled[q.Repo], ok && s.options.Disabled[repo.Name]:
		return subject{}, &refusal{http.StatusOK, "repo disabled", OutcomeDisabled}
	case !ok:
		text := "# repo = " + echo(q.Repo) + " arch = " + echo(q.Arch) + " " + s.available
		return subject{}, &refusal{s.options.UnknownRepoStatus, text, OutcomeUnknownRepo}
	}
	return subject{
		head: "# repo = " + repo.Name + " arch = " + repo.Arch + " ",
		dir:  repo.Dir, repo: repo.RepoID, release: repo.Release, state: state,
	}, nil
}

// findPath finds path=, a directory or a file. Slashes too many are forgiven.
func (s *Snapshot) findPath(q Query) (subject, *refusal) {
	unknown := &refusal{http.StatusNotFound, "error: invalid path", OutcomeUnknownPath}
	asked := strings.Trim(q.Path, "/")
	for strings.Contains(asked, "//") {
		asked = strings.ReplaceAll(asked, "//", "/")
	}
	p, err := mirror.ParsePath(asked)
	if err != nil || reserved(p) {
		return subject{}, unknown
	}
	found := s.catalog.Resolve(p)
	entry, ok := s.metadata.Entry(p, found.State.FromArchive())
	if !ok {
		return subject{}, unknown
	}
	sub := subject{head: "# path = " + string(p) + " ", dir: p, entry: entry}
	sub.repo, sub.release, sub.state = found.Repo, found.Release, found.State
	if !entry.Dir {
		sub.dir, sub.file = p.Dir(), p.Base()
	}
	return sub, nil
}

// hosts are those that hold what sub asks for: the archive alone once it answers.
func (s *Snapshot) hosts(sub *subject, q Query, c Client) Hosts {
	if sub.archived() {
		return Hosts{List: []Host{s.targets.archive.host(c.Scheme, sub.dir)}, Notes: everywhere}
	}
	return s.options.Selector.Select(Want{Client: c, Near: sub.near, Countries: q.Countries, Dir: sub.dir})
}

// answer begins the answer to q: all that does not depend on its form.
func (sub *subject) answer(k mirror.Kind, q Query) Answer {
	a := Answer{
		Status: http.StatusOK, CacheControl: CacheList, Kind: k, Outcome: OutcomeActive,
		Repo: sub.repo, Release: sub.release, State: sub.state, Countme: q.Countme,
	}
	if sub.archived() {
		a.Outcome = OutcomeArchived
	}
	return a
}

// cacheControl keeps what depends on an address out of shared caches.
func (h *Hosts) cacheControl() string {
	if h.ByAddress {
		return CachePrivate
	}
	return CacheList
}

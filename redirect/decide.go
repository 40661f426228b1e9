package redirect

import (
	"strings"

	"mirrorctl/mirror"
)

// Action is what to do with a request for a path.
type Action uint8

// The actions.
const (
	NotFound     Action = iota // 404: the path is never served
	ServeRoot                  // answer from the root, 404 if nothing lies there
	ServeArchive               // answer from the archive's store
	Redirect                   // 302 to Location
)

// Result says why. The set is closed: it labels metrics.
type Result uint8

// The results of Decide.
const (
	ResultReserved  Result = iota // a name of mirrorctl's own
	ResultActive                  // a tree that the root answers for
	ResultOutside                 // below no tree of the layout: the root's own files
	ResultArchived                // sent to the archive
	ResultArchive                 // asked at the archive's own address
	ResultElsewhere               // asked at the archive's address, which another server answers for
	results
)

var resultNames = [results]string{"reserved", "active", "outside", "archived", "archive", "elsewhere"}

// String is the result's name in metrics and in explain.
func (r Result) String() string {
	if r < results {
		return resultNames[r]
	}
	return "unknown"
}

// Results lists every result, in order.
func Results() []Result {
	all := make([]Result, results)
	for i := range all {
		all[i] = Result(i)
	}
	return all
}

// Request is one request for a path, as Decide sees it.
type Request struct {
	Path    mirror.Path
	Slash   bool              // the client's spelling ended in a slash: it asks for a directory
	Found   mirror.Resolution // what the catalog knows of Path
	Scheme  Scheme            // how the client came
	Archive bool              // asked at the archive's address, not at the root's
}

// Decision is what Decide answers. The zero Decision is a 404.
type Decision struct {
	Action       Action
	Result       Result
	Release      mirror.Release // zero outside every tree
	Location     string         // of a Redirect: absolute, canonical
	CacheControl string         // of a Redirect
}

// Decide says who answers a request: the root, the archive, or another address by one redirect.
//
// Nothing asked at the archive's address is ever redirected, whatever the release's state: its
// copy stays there after a restore, and two addresses that point at each other while a state
// document spreads over several servers would send a client round in a circle.
func Decide(t *Targets, r Request) Decision {
	if reserved(r.Path) {
		return Decision{Action: NotFound, Result: ResultReserved}
	}
	d := Decision{Action: ServeRoot, Result: ResultOutside}
	if r.Found.Known {
		d.Result, d.Release = ResultActive, r.Found.Release
	}
	switch {
	case r.Archive && t.archiveHere:
		d.Action, d.Result = ServeArchive, ResultArchive
	case r.Archive:
		d.Action, d.Result = NotFound, ResultElsewhere
	case r.Found.Known && r.Found.State.FromArchive():
		d.Action, d.Result = Redirect, ResultArchived
		d.Location = t.archive.url(r.Scheme, r.Path, r.Slash)
		d.CacheControl = CacheRedirect
		if r.Found.State == mirror.Restoring {
			d.CacheControl = CacheRestoring
		}
	}
	return d
}

// reserved reports whether p is, or lies in, something of mirrorctl's own: its trash in the root,
// its journals in the store.
func reserved(p mirror.Path) bool {
	const own = ".mirrorctl"
	if !strings.Contains(string(p), own) {
		return false
	}
	for name := range strings.SplitSeq(string(p), "/") {
		if name == own || strings.HasPrefix(name, own+"-") {
			return true
		}
	}
	return false
}

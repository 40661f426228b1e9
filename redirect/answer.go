package redirect

import "mirrorctl/mirror"

// Outcome says how a list request ended. The set is closed: it labels metrics.
type Outcome uint8

// The outcomes.
const (
	OutcomeNotList     Outcome = iota // the path is no list
	OutcomeActive                     // hosts of an active release
	OutcomeArchived                   // the archive
	OutcomeLegacy                     // a static list of the first generation
	OutcomeMissing                    // neither path= nor repo= and arch=
	OutcomeUnknownRepo                // no such repo= and arch=
	OutcomeUnknownPath                // nothing lies at path=
	OutcomeDisabled                   // the operator disabled the repository
	OutcomeBadIP                      // ip= is no address
	OutcomeNoMetalink                 // no hashes are known of the file
	OutcomeNoURL                      // no host has a URL that could be redirected to
	outcomes
)

var outcomeNames = [outcomes]string{
	"not_list", "active", "archived", "legacy", "missing_parameter", "unknown_repo", "unknown_path",
	"disabled", "bad_ip", "no_metalink", "no_url",
}

// String is the outcome's name in metrics and logs.
func (o Outcome) String() string {
	if o < outcomes {
		return outcomeNames[o]
	}
	return "unknown"
}

// Outcomes lists every outcome, in order.
func Outcomes() []Outcome {
	all := make([]Outcome, outcomes)
	for i := range all {
		all[i] = Outcome(i)
	}
	return all
}

// Answer is a whole answer to a list request, and what there is to count of it. It is a value:
// whoever wrote it to a client may count it afterwards.
type Answer struct {
	Status       int
	ContentType  string // "": the answer carries no Content-Type at all
	CacheControl string
	Location     string // of a redirect
	Body         []byte

	Kind    mirror.Kind // KindMirrorlist or KindMetalink
	Outcome Outcome
	// Repo and Release are of the catalog, never the client's words: zero where it knows none.
	Repo    mirror.RepoID
	Release mirror.Release
	State   mirror.State
	Countme int // see Query.Countme
}

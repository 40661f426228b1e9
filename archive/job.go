package archive

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"mirrorctl/mirror"
)

// JobState is how far a job has come.
type JobState string

// The states, in the order in which a job goes through them.
const (
	Planned   JobState = "planned"
	Copying   JobState = "copying"
	Copied    JobState = "copied"
	Verified  JobState = "verified"
	Published JobState = "published"
	Drained   JobState = "drained"
	Trashed   JobState = "trashed"
	Purged    JobState = "purged"

	Aborting  JobState = "aborting" // from any state before published
	Aborted   JobState = "aborted"
	Restoring JobState = "restoring" // from published on
	Restored  JobState = "active"
)

// Ended reports whether no run will ever continue the job.
func (s JobState) Ended() bool { return s == Aborted || s == Restored }

// unpublished are the states that Abort can undo.
func (s JobState) unpublished() bool {
	return s == Planned || s == Copying || s == Copied || s == Verified || s == Aborting
}

// The records of a journal, and what each carries.
const (
	recBegin      recordType = "begin"      // beginRecord
	recAccept     recordType = "accept"     // acceptRecord: what the operator lets pass, too
	recLease      recordType = "lease"      // leaseRecord: a run has taken the job; its epoch begins
	recCopying    recordType = "copying"    // copyingRecord
	recPut        recordType = "put"        // putRecord
	recCopied     recordType = "copied"     // copiedRecord
	recVerified   recordType = "verified"   // proofRecord
	recPublishing recordType = "publishing" // nothing: from here on the document decides
	recPublished  recordType = "published"  // publishedRecord
	recDrained    recordType = "drained"    // nothing
	recTrashing   recordType = "trashing"   // trashingRecord
	recTrashed    recordType = "trashed"    // trashedRecord
	recPurging    recordType = "purging"    // purgingRecord: about to unlink these entries of the trash
	recPurged     recordType = "purged"     // purgedRecord
	recAborting   recordType = "aborting"   // nothing
	recAborted    recordType = "aborted"    // nothing
	recRestoring  recordType = "restoring"  // restoringRecord
	recRestored   recordType = "active"     // nothing
	recBlocked    recordType = "blocked"    // reasonRecord: the run stopped; the state stays
	recConflict   recordType = "conflict"   // reasonRecord
)

type beginRecord struct {
	Time    time.Time      `json:"time"`
	Target  Target         `json:"target"`
	Options Options        `json:"options"`
	Totals  Totals         `json:"totals"`
	Plan    Sum            `json:"plan"`            // the plan's entries, in the form of a manifest
	Prior   *mirror.Record `json:"prior,omitempty"` // what the state document said before the job
	Parents []Entry        `json:"parents"`
}

type leaseRecord struct {
	Time   time.Time `json:"time"`
	Holder string    `json:"holder"` // host and pid
}

type acceptRecord struct {
	Accept []mirror.Path `json:"accept"`
}

type copyingRecord struct {
	// Existing is what of the plan, and of the directories above it, the store held before the
	// job put anything there. All else at the plan's paths is the job's own.
	Existing []mirror.Path `json:"existing"`
}

type putRecord struct {
	Path     mirror.Path `json:"path"`
	Size     int64       `json:"size,omitempty"`
	Sum      Sum         `json:"sha256,omitzero"`
	Adopted  bool        `json:"adopted,omitempty"`
	Accepted bool        `json:"accepted,omitempty"`
}

type copiedRecord struct {
	Manifest Sum `json:"manifest"`
}

type publishedRecord struct {
	Generation uint64    `json:"generation"`
	Time       time.Time `json:"time"`
}

type trashedRecord struct {
	Time time.Time `json:"time"`
	// Parents are the directories above the trees right after the trees were gone.
	Parents []Entry `json:"parents"`
}

// purgingRecord names a run of the manifest's entries, [From, To).
type purgingRecord struct {
	From int `json:"from"`
	To   int `json:"to"`
}

type purgedRecord struct {
	Left []mirror.Path `json:"left,omitempty"` // what the archive does not hold, still in the trash
}

type trashingRecord struct {
	Trees []mirror.Path `json:"trees"`
	// Parents are the directories above the trees, as they were before.
	Parents []Entry `json:"parents"`
}

type restoringRecord struct {
	// Parents are the directories above the trees, before the restore touched anything.
	Parents []Entry `json:"parents"`
}

type reasonRecord struct {
	Time   time.Time `json:"time"`
	Reason string    `json:"reason"`
}

// job is what a journal says: the result of replaying it.
type job struct {
	id      string
	begin   beginRecord
	state   JobState
	epoch   uint64
	began   bool // something may have been put
	existed map[mirror.Path]bool
	put     map[mirror.Path]putRecord

	manifest   Sum
	proof      Proof
	publishing bool // the document may say so already
	published  publishedRecord
	trashing   *trashingRecord // trees that may be in the trash; nil: none is
	trashed    trashedRecord
	purging    bool // files of the trash may be gone
	left       []mirror.Path
	restoring  restoringRecord
	reason     string // why the last run stopped; "" where it did not
}

// replay builds a job from its journal. Records that no run could have written in that
// order are ErrJournal.
func replay(records []record) (*job, error) {
	j := &job{existed: map[mirror.Path]bool{}, put: map[mirror.Path]putRecord{}}
	for i, r := range records {
		if (i == 0) != (r.Type == recBegin) {
			return nil, fmt.Errorf("%w: record %d is %q", ErrJournal, r.Seq, clip(string(r.Type)))
		}
		if err := j.apply(r); err != nil {
			return nil, fmt.Errorf("%w: record %d: %w", ErrJournal, r.Seq, err)
		}
	}
	if len(records) == 0 {
		return nil, fmt.Errorf("%w: it has no whole record", ErrJournal)
	}
	return j, nil
}

// apply is one step of a job. It is used on the way forward too: what a run believes is what
// a replay of its journal would say.
func (j *job) apply(r record) error {
	// Written once: workers read the id while others log.
	if r.Type == recBegin {
		j.id = r.Job
	}
	if r.Epoch != j.epoch {
		j.epoch = r.Epoch
	}
	t, known := transitions[r.Type]
	if !known {
		return fmt.Errorf("unknown type %q", clip(string(r.Type)))
	}
	if t.from != nil && !slices.Contains(t.from, j.state) {
		return fmt.Errorf("%s cannot follow %s", r.Type, j.state)
	}
	if err := t.read(j, r.Payload); err != nil {
		return fmt.Errorf("%s: %w", r.Type, err)
	}
	if t.to != "" {
		j.state = t.to
	}
	return nil
}

// transition says where a record may stand, what state it leads to ("" stays) and what it means.
type transition struct {
	from []JobState // nil: anywhere
	to   JobState
	read func(j *job, payload []byte) error
}

var (
	beforePublished = []JobState{Planned, Copying, Copied, Verified, Aborting}
	fromPublished   = []JobState{Published, Drained, Trashed, Purged, Restoring}
)

var transitions = map[recordType]transition{
	recBegin: {[]JobState{""}, Planned, func(j *job, b []byte) error { return json.Unmarshal(b, &j.begin) }},
	recLease: {nil, "", func(j *job, b []byte) error { j.reason = ""; return nil }},
	recAccept: {beforePublished, "", func(j *job, b []byte) error {
		var r acceptRecord
		err := json.Unmarshal(b, &r)
		j.begin.Options.Accept = append(j.begin.Options.Accept, r.Accept...)
		return err
	}},
	recCopying: {[]JobState{Planned}, Copying, func(j *job, b []byte) error {
		var r copyingRecord
		err := json.Unmarshal(b, &r)
		j.began = true
		for _, p := range r.Existing {
			j.existed[p] = true
		}
		return err
	}},
	recPut: {[]JobState{Copying}, "", func(j *job, b []byte) error {
		var r putRecord
		err := json.Unmarshal(b, &r)
		j.put[r.Path] = r
		return err
	}},
	recCopied: {[]JobState{Copying}, Copied, func(j *job, b []byte) error {
		var r copiedRecord
		err := json.Unmarshal(b, &r)
		j.manifest = r.Manifest
		return err
	}},
	recVerified: {slices.Concat([]JobState{Copied, Verified}, fromPublished), "", func(j *job, b []byte) (err error) {
		if j.proof, err = proofFromJournal(b, j.manifest); err == nil && j.state == Copied {
			j.state = Verified
		}
		return err
	}},
	recPublishing: {[]JobState{Verified}, "", func(j *job, b []byte) error { j.publishing = true; return nil }},
	recPublished: {[]JobState{Verified}, Published, func(j *job, b []byte) error {
		if !j.publishing {
			return fmt.Errorf("nothing announced it")
		}
		return json.Unmarshal(b, &j.published)
	}},
	recDrained: {[]JobState{Published, Drained}, Drained, ignore},
	recTrashing: {[]JobState{Drained}, "", func(j *job, b []byte) error {
		j.trashing = new(trashingRecord)
		return json.Unmarshal(b, j.trashing)
	}},
	recTrashed: {[]JobState{Drained}, Trashed, func(j *job, b []byte) error {
		if j.trashing == nil {
			return fmt.Errorf("nothing announced it")
		}
		return json.Unmarshal(b, &j.trashed)
	}},
	recPurging: {[]JobState{Trashed}, "", func(j *job, b []byte) error {
		j.purging = true
		return json.Unmarshal(b, &purgingRecord{})
	}},
	recPurged: {[]JobState{Trashed}, Purged, func(j *job, b []byte) error {
		var r purgedRecord
		err := json.Unmarshal(b, &r)
		j.left = r.Left
		return err
	}},
	recAborting:  {beforePublished, Aborting, ignore},
	recAborted:   {[]JobState{Aborting}, Aborted, ignore},
	recRestoring: {[]JobState{Published, Drained, Trashed, Purged}, Restoring, func(j *job, b []byte) error { return json.Unmarshal(b, &j.restoring) }},
	recRestored:  {[]JobState{Restoring}, Restored, ignore},
	recBlocked:   {nil, "", readReason},
	recConflict:  {nil, "", readReason},
}

func ignore(*job, []byte) error { return nil }

func readReason(j *job, b []byte) error {
	var r reasonRecord
	err := json.Unmarshal(b, &r)
	j.reason = r.Reason
	return err
}

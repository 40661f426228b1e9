package archive

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"mirrorctl/internal/durable"
	"mirrorctl/mirror"
)

// run is a job in the hands of this process: the release locked, the store's head document
// taken, the journal open.
type run struct {
	a       *Archiver
	journal *journal
	head    headDocument
	headTag string
	plan    []Entry // what the job began with, without hashes
	held    []io.Closer

	mu sync.Mutex // guards job while files are copied in parallel
	*job
}

// Errors that say which job to look at.
var (
	// ErrNoJob says that there is no job to continue, abort, prune or restore.
	ErrNoJob = errors.New("no such job")
	// ErrUnfinished says that a job of the release has to be continued or aborted first.
	ErrUnfinished = errors.New("an unfinished job exists; continue it with --resume or undo it with --abort")
)

// start begins a new job of plan p.
func (a *Archiver) start(ctx context.Context, p *Plan) (_ *run, err error) {
	release := p.Target.Release
	held, err := a.hold(ctx, release)
	if err != nil {
		return nil, err
	}
	r := &run{a: a, held: held, job: &job{existed: map[mirror.Path]bool{}, put: map[mirror.Path]putRecord{}}, plan: p.entries}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.Close())
		}
	}()
	if old, err := a.newest(release); err == nil && !old.state.Ended() {
		return nil, fmt.Errorf("release %s: job %s is %s: %w", release, old.id, old.state, ErrUnfinished)
	} else if err != nil && !errors.Is(err, ErrNoJob) {
		return nil, err
	}
	if err := a.unborn(release); err != nil {
		return nil, err
	}
	// Asked again under the lock: another operator may have archived since the plan was made.
	doc, err := a.site.State.Load(ctx)
	if err != nil {
		return nil, fmt.Errorf("read state document: %w", err)
	}
	prior := doc.Releases[release]
	if s := doc.State(release); s != mirror.Active {
		return nil, fmt.Errorf("release %s is %s by job %s of another state directory: %w", release, s, prior.Job, ErrArchived)
	}
	var suffix [3]byte
	rand.Read(suffix[:])
	id := fmt.Sprintf("%s-%s-%s", release, a.now().Format("20060102T150405.000"), hex.EncodeToString(suffix[:]))
	data, sum, err := encodeManifest(p.entries)
	if err != nil {
		return nil, err
	}
	dir := a.jobDir(id)
	if err := durable.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make job directory: %w", err)
	}
	if err := durable.Replace(filepath.Join(dir, planName(sum)), data, 0o644); err != nil {
		return nil, fmt.Errorf("write plan: %w", err)
	}
	epoch, err := r.lease(ctx, release, id, Planned, 0)
	if err != nil {
		return nil, err
	}
	begin := beginRecord{Time: a.now(), Target: p.Target, Options: p.Options, Totals: p.Totals, Plan: sum, Prior: prior, Parents: p.parents}
	begin.Target.Others = nil
	// From this record on the job exists. Before it, its directory holds a plan and no journal, and
	// means nothing.
	if r.journal, err = createJournal(dir, id, epoch, recBegin, begin); err != nil {
		return nil, fmt.Errorf("begin journal: %w", err)
	}
	return r, r.replayOwn(recBegin, begin)
}

// take continues the newest job of a release.
func (a *Archiver) take(ctx context.Context, release mirror.Release) (_ *run, err error) {
	held, err := a.hold(ctx, release)
	if err != nil {
		return nil, err
	}
	r := &run{a: a, held: held}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.Close())
		}
	}()
	if err := a.unborn(release); err != nil {
		return nil, err
	}
	newest, err := a.newest(release)
	if err != nil {
		return nil, err
	}
	dir := a.jobDir(newest.id)
	if err := durable.DiscardAll(dir); err != nil {
		return nil, fmt.Errorf("tidy job directory: %w", err)
	}
	var records []record
	if r.journal, records, err = openJournal(dir); err != nil {
		return nil, err
	}
	if r.job, err = replay(records); err != nil {
		return nil, fmt.Errorf("journal %s: %w", dir, err)
	}
	plan, err := OpenManifest(filepath.Join(dir, planName(r.begin.Plan)), r.begin.Plan)
	if err != nil {
		return nil, fmt.Errorf("read plan of job %s: %w", r.id, err)
	}
	r.plan = plan.entries
	if r.state.Ended() {
		// Its last record may not be durable, but all that it tells of is: should a power cut take it back, the
		// job is one step from its end again, and taking that step anew changes nothing.
		return r, nil
	}
	// The lease goes by records that may not be durable either. Its state is news for people; its epoch is above
	// that of the document, which each run raised before its own records. With the record that
	// follows, all before it are durable, and only then does anything else happen.
	if r.journal.epoch, err = r.lease(ctx, release, r.id, r.state, r.epoch); err != nil {
		return nil, err
	}
	host, _ := os.Hostname()
	return r, r.log(recLease, leaseRecord{Time: a.now(), Holder: fmt.Sprintf("%s %d", host, os.Getpid())})
}

// hold locks the release here and, where the store can, there.
func (a *Archiver) hold(ctx context.Context, release mirror.Release) ([]io.Closer, error) {
	lock, err := a.lock(release)
	if err != nil {
		return nil, err
	}
	x, ok := a.site.Store.(Exclusive)
	if !ok {
		return []io.Closer{lock}, nil
	}
	there, err := x.Hold(ctx, release)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return []io.Closer{there, lock}, nil
}

// Close gives everything back. Whatever was not finished can be continued.
func (r *run) Close() error {
	var errs []error
	if r.journal != nil {
		errs = append(errs, r.journal.Close())
	}
	for _, c := range r.held {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// log makes a record durable and then believes it.
func (r *run) log(typ recordType, payload any) error {
	if err := r.journal.Append(typ, payload); err != nil {
		return err
	}
	return r.replayOwn(typ, payload)
}

// advance moves the fence first: when another operator has taken the job over, the swap of
// the head document fails and nothing further is done. Then it logs.
func (r *run) advance(ctx context.Context, next JobState, typ recordType, payload any) error {
	if err := r.moveHead(ctx, next); err != nil {
		return err
	}
	return r.log(typ, payload)
}

func (r *run) replayOwn(typ recordType, payload any) error {
	raw, err := json.Marshal(payload)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.apply(record{Job: r.journal.job, Epoch: r.journal.epoch, Type: typ, Payload: raw})
}

func planName(sum Sum) string     { return "plan-" + sum.String() }
func manifestName(sum Sum) string { return sum.String() + ".jsonl.zst" }

// newest finds the release's newest job: the one with the highest epoch.
func (a *Archiver) newest(release mirror.Release) (*job, error) {
	jobs, err := a.jobs(release)
	if err != nil {
		return nil, err
	}
	if len(jobs) == 0 {
		return nil, fmt.Errorf("release %s: %w", release, ErrNoJob)
	}
	return jobs[len(jobs)-1], nil
}

// releaseOf reads the release out of a job's id.
func releaseOf(id string) string {
	for range 2 {
		i := strings.LastIndexByte(id, '-')
		if i < 0 {
			return ""
		}
		id = id[:i]
	}
	return id
}

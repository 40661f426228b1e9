package archive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/klauspost/compress/zstd"

	"mirrorctl/mirror"
)

// headDocument is what a store says of the newest job on a release. Its epoch is the fence:
// every run takes the next one, and every state change is a compare-and-swap against
// it, so that a run which was taken for dead and wakes up can change nothing more. It
// also holds what the state document would need to be rebuilt from the archive alone.
type headDocument struct {
	Format       int                 `json:"format"`
	Release      mirror.Release      `json:"release"`
	Job          string              `json:"job"`
	Epoch        uint64              `json:"epoch"`
	State        JobState            `json:"state"`
	Time         time.Time           `json:"time"`
	Holder       string              `json:"holder"` // host and pid
	Manifest     Sum                 `json:"manifest,omitzero"`
	Trees        []mirror.Path       `json:"trees,omitempty"`
	Repositories []mirror.Repository `json:"repositories,omitempty"`
}

const headFormat = 1

// LostError says that another operator has taken over the job.
type LostError struct {
	Release mirror.Release
	Holder  string
	Job     string
}

func (e *LostError) Error() string {
	return fmt.Sprintf("release %s: job %s was taken over by %s: nothing more is done here", e.Release, e.Job, e.Holder)
}

// ownDir is where a store keeps our own things about a release.
func ownDir(r mirror.Release) mirror.Path { return mirror.Path(".mirrorctl/" + r.String()) }

func headPath(r mirror.Release) mirror.Path { return ownDir(r).Join("head.json") }

// lease takes the head document for a job and returns the new epoch. The caller holds the
// release's lock, and the store's where it has one: whoever wrote the document before is gone, or
// has no such lock and is shut out by the epoch.
func (r *run) lease(ctx context.Context, release mirror.Release, id string, s JobState, atLeast uint64) (uint64, error) {
	for {
		var old headDocument
		data, tag, err := r.a.docs.Load(ctx, headPath(release))
		switch {
		case absent(err):
		case err != nil:
			return 0, fmt.Errorf("read head document of %s: %w", release, err)
		default:
			if err := json.Unmarshal(data, &old); err != nil || old.Format != headFormat {
				return 0, fmt.Errorf("head document %s of format %d, want %d: %v", headPath(release), old.Format, headFormat, err)
			}
		}
		host, _ := os.Hostname()
		r.head = headDocument{
			Format: headFormat, Release: release, Job: id, State: s, Time: r.a.now(), Epoch: max(old.Epoch, atLeast) + 1,
			Holder: fmt.Sprintf("%s %d", host, os.Getpid()),
		}
		if old.Job == id {
			r.head.Manifest, r.head.Trees, r.head.Repositories = old.Manifest, old.Trees, old.Repositories
		}
		err = r.swapHead(ctx, tag)
		if errors.Is(err, ErrMoved) {
			continue // someone else was at it in the same moment: look again
		}
		return r.head.Epoch, err
	}
}

// moveHead moves the head document to the next state. It fails with a *LostError when the
// document is no longer ours.
func (r *run) moveHead(ctx context.Context, s JobState) error {
	tag := r.headTag
	r.head.State, r.head.Time, r.head.Manifest = s, r.a.now(), r.manifest
	r.head.Trees, r.head.Repositories = r.begin.Target.Trees, r.begin.Target.Repositories
	err := r.swapHead(ctx, tag)
	if err == nil {
		return nil
	}
	// Refused, or the answer was lost: what stands there tells.
	data, now, lerr := r.a.docs.Load(ctx, headPath(r.head.Release))
	if lerr != nil {
		return errors.Join(err, lerr)
	}
	var stands headDocument
	if json.Unmarshal(data, &stands) == nil && stands.Job == r.head.Job && stands.Epoch == r.head.Epoch {
		if stands.State == s {
			r.headTag = now
			return nil // it was done
		}
		return err
	}
	return &LostError{Release: r.head.Release, Holder: stands.Holder, Job: r.head.Job}
}

func (r *run) swapHead(ctx context.Context, tag string) error {
	data, err := json.MarshalIndent(r.head, "", "\t")
	if err != nil {
		return err
	}
	tag, err = r.a.docs.Swap(ctx, headPath(r.head.Release), tag, append(data, '\n'))
	if err != nil {
		return fmt.Errorf("write head document of %s: %w", r.head.Release, err)
	}
	r.headTag = tag
	return nil
}

// keep stores a document in the store unless the same one is there: the manifest, the journal.
func (r *run) keep(ctx context.Context, name string, data []byte) error {
	p := ownDir(r.begin.Target.Release).Join(mirror.Path(name))
	old, tag, err := r.a.docs.Load(ctx, p)
	if err == nil && string(old) == string(data) {
		return nil
	}
	if err != nil && !absent(err) {
		return fmt.Errorf("read %s in the store: %w", p, err)
	}
	if _, err := r.a.docs.Swap(ctx, p, tag, data); err != nil {
		return fmt.Errorf("write %s to the store: %w", p, err)
	}
	return nil
}

// keepJournal copies the journal, compressed, beside the archive, so that either side can
// rebuild the other.
func (r *run) keepJournal(ctx context.Context) error {
	data, err := os.ReadFile(filepath.Join(r.a.jobDir(r.id), journalName))
	if err != nil {
		return err
	}
	z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return err
	}
	return r.keep(ctx, r.id+".journal.zst", z.EncodeAll(data, nil))
}

package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"mirrorctl/copr"
)

const (
	bucketName = "copr_builds"
	counterKey = "next"    // holds the number of the newest build
	maxRecord  = 768 << 10 // a cluster takes 1 MiB unless told otherwise
)

// Ledger keeps the records of builds. It is safe for use by several goroutines.
type Ledger struct {
	kv    jetstream.KeyValue
	index *index
	watch jetstream.KeyWatcher
	done  chan struct{} // closed when follow has ended
}

// openLedger returns once every record has been read.
func openLedger(ctx context.Context, js jetstream.JetStream, replicas int, log *slog.Logger) (*Ledger, error) {
	kv, err := js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{
		Bucket: bucketName, Description: "builds of the rebuild hub",
		History: 1, Storage: jetstream.FileStorage, MaxValueSize: maxRecord, Replicas: replicas,
	})
	if err != nil {
		return nil, err
	}
	// Not ctx: that is for opening, and the watch goes on.
	w, err := kv.WatchAll(context.WithoutCancel(ctx))
	if err != nil {
		return nil, err
	}
	l := &Ledger{kv: kv, index: newIndex(), watch: w, done: make(chan struct{})}
	ready := make(chan struct{})
	go l.follow(ready, log)
	select {
	case <-ready:
		return l, nil
	case <-ctx.Done():
		return nil, errors.Join(ctx.Err(), l.close())
	}
}

// follow keeps the index as the bucket is. A nil entry says that what was there at the beginning has come.
func (l *Ledger) follow(ready chan<- struct{}, log *slog.Logger) {
	defer close(l.done)
	for e := range l.watch.Updates() {
		if e == nil {
			close(ready)
			continue
		}
		if !strings.HasPrefix(e.Key(), "b.") || e.Operation() != jetstream.KeyValuePut {
			continue
		}
		b, err := decode(e.Value())
		if err != nil {
			if log != nil {
				log.Error("record of a build not read", "key", e.Key(), "error", err)
			}
			continue
		}
		l.index.put(b, e.Revision())
	}
}

func (l *Ledger) close() error {
	err := l.watch.Stop()
	<-l.done
	l.index.close()
	return err
}

// Create records a new build and gives it the next number, which no other build ever gets.
func (l *Ledger) Create(ctx context.Context, b *copr.Build) error {
	id, err := l.next(ctx)
	if err != nil {
		return fmt.Errorf("number a build of %s: %w", b.Package, err)
	}
	b.ID = id
	settle(b, time.Now())
	// A crash here leaves a number that nobody has.
	data, written, err := encode(b)
	if err != nil {
		return err
	}
	rev, err := l.kv.Create(ctx, key(id), data)
	if err != nil {
		return fmt.Errorf("record build %d: %w", id, err)
	}
	// Its writer reads it from now on; the watch brings it a little later, and again.
	l.index.put(written, rev)
	return nil
}

func (l *Ledger) next(ctx context.Context) (uint64, error) {
	for {
		id, rev := uint64(0), uint64(0)
		switch e, err := l.kv.Get(ctx, counterKey); {
		case err == nil:
			if id, err = strconv.ParseUint(string(e.Value()), 10, 63); err != nil {
				return 0, fmt.Errorf("the counter of builds: %w", err)
			}
			rev = e.Revision()
		case !errors.Is(err, jetstream.ErrKeyNotFound):
			return 0, err
		}
		id++
		switch _, err := l.kv.Update(ctx, counterKey, []byte(strconv.FormatUint(id, 10)), rev); {
		case err == nil:
			return id, nil
		case !isConflict(err):
			return 0, err
		}
	}
}

// Get returns a record of the caller's own. The error wraps fs.ErrNotExist where there is none.
func (l *Ledger) Get(ctx context.Context, id uint64) (*copr.Build, error) {
	b, _, err := l.get(ctx, id)
	return b, err
}

func (l *Ledger) get(ctx context.Context, id uint64) (*copr.Build, jetstream.KeyValueEntry, error) {
	e, err := l.kv.Get(ctx, key(id))
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return nil, nil, fmt.Errorf("build %d: %w", id, fs.ErrNotExist)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read build %d: %w", id, err)
	}
	b, err := decode(e.Value())
	if err != nil {
		return nil, nil, fmt.Errorf("read build %d: %w", id, err)
	}
	return b, e, nil
}

// Update changes a record as change says, which may be asked several times, and writes nothing where that returns an
// error. States follow each other as copr.State.May has it, an end is left by a new attempt alone; the state of
// the whole and the times of endings are filled in. A change that changes nothing is not written.
func (l *Ledger) Update(ctx context.Context, id uint64, change func(*copr.Build) error) error {
	for {
		b, e, err := l.get(ctx, id)
		if err != nil {
			return err
		}
		if err := change(b); err != nil {
			return err
		}
		old, err := decode(e.Value())
		if err != nil {
			return fmt.Errorf("read build %d: %w", id, err)
		}
		if err := check(old, b); err != nil {
			return fmt.Errorf("change build %d: %w", id, err)
		}
		settle(b, time.Now())
		data, written, err := encode(b)
		if err != nil {
			return err
		}
		if string(data) == string(e.Value()) {
			return nil
		}
		rev, err := l.kv.Update(ctx, key(id), data, e.Revision())
		if err == nil {
			l.index.put(written, rev)
			return nil
		}
		if !isConflict(err) {
			return fmt.Errorf("write build %d: %w", id, err)
		}
	}
}

func key(id uint64) string { return "b." + strconv.FormatUint(id, 10) }

// encode writes a record and returns, too, what a reader will get: what cannot be read again is not written.
func encode(b *copr.Build) (data []byte, written *copr.Build, err error) {
	if data, err = json.Marshal(b); err == nil {
		written, err = decode(data)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("write build %d: %w", b.ID, err)
	}
	if len(data) > maxRecord {
		return nil, nil, fmt.Errorf("write build %d: its record has %d bytes, at most %d are kept", b.ID, len(data), maxRecord)
	}
	return data, written, nil
}

// decode reads a record. One without a project, or with a chroot that is none, could not be offered, listed or written.
func decode(data []byte) (*copr.Build, error) {
	b := new(copr.Build)
	if err := json.Unmarshal(data, b); err != nil {
		return nil, err
	}
	if b.Project == (copr.ProjectName{}) {
		return nil, errors.New("no project")
	}
	for _, c := range b.Chroots {
		if c.Chroot.IsZero() {
			return nil, errors.New("a chroot without a name")
		}
	}
	return b, nil
}

// isConflict reports whether another was faster. Create and Update spell it differently.
func isConflict(err error) bool {
	var api *jetstream.APIError
	return errors.Is(err, jetstream.ErrKeyExists) ||
		errors.As(err, &api) && api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence
}

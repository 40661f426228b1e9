package archive

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"mirrorctl/internal/durable"
)

// journal is the append-only log of one job. Append returns once its record is durable;
// concurrent Appends share an fsync.
type journal struct {
	job   string
	epoch uint64
	file  *os.File
	group *durable.Group

	mu   sync.Mutex // guards what follows and the order of writes
	seq  uint64
	link string
	err  error // the first failure is final: what lies in the file is then unknown
}

// createJournal begins a journal in dir with its first record: whole and durable under its name, or not
// there at all as far as anyone can tell.
func createJournal(dir, job string, epoch uint64, typ recordType, payload any) (*journal, error) {
	raw, err := json.Marshal(payload)
	if err != nil {
		return nil, err
	}
	line, err := record{Seq: 1, Epoch: epoch, Job: job, Type: typ, Payload: raw}.encode()
	if err != nil {
		return nil, err
	}
	if err := durable.Replace(filepath.Join(dir, journalName), line, 0o644); err != nil {
		return nil, err
	}
	j, _, err := openJournal(dir)
	return j, err
}

const journalName = "journal"

// openJournal reads a journal for writing and cuts a torn tail back. The caller holds the
// release's lock: nobody else writes it.
//
// What was read is not durable yet: a run that was killed may have written its last record and
// never synced it, nor the journal's name, and the cut may be lost too. One fsync makes up for all of it, that of
// the next Append: so whoever wants to act on these records appends one first, as take does with the lease.
func openJournal(dir string) (*journal, []record, error) {
	f, err := os.OpenFile(filepath.Join(dir, journalName), os.O_RDWR|os.O_APPEND, 0)
	if err != nil {
		return nil, nil, err
	}
	fail := func(err error) (*journal, []record, error) {
		return nil, nil, errors.Join(fmt.Errorf("journal %s: %w", dir, err), f.Close())
	}
	data, err := io.ReadAll(f)
	if err != nil {
		return fail(err)
	}
	records, valid, link, err := parseJournal(data)
	if err != nil {
		return fail(err)
	}
	if valid < len(data) {
		if err := f.Truncate(int64(valid)); err != nil {
			return fail(err)
		}
	}
	j := &journal{file: f, group: durable.NewGroup(f.Sync), seq: uint64(len(records)), link: link}
	if len(records) > 0 {
		j.job, j.epoch = records[0].Job, records[len(records)-1].Epoch
	}
	return j, records, nil
}

// readJournal reads a journal that someone else may be writing, and changes nothing.
func readJournal(dir string) ([]record, error) {
	data, err := os.ReadFile(filepath.Join(dir, journalName))
	if err != nil {
		return nil, err
	}
	records, _, _, err := parseJournal(data)
	if err != nil {
		return nil, fmt.Errorf("journal %s: %w", dir, err)
	}
	return records, nil
}

// Append writes a record and returns once it is durable.
func (j *journal) Append(typ recordType, payload any) error {
	raw, err := json.Marshal(payload)
	if err != nil {
		return err
	}
	j.mu.Lock()
	if j.err == nil {
		j.err = j.write(typ, raw)
	}
	err = j.err
	j.mu.Unlock()
	if err == nil {
		err = j.group.Sync()
	}
	if err != nil {
		return fmt.Errorf("write journal of %s: %w", j.job, err)
	}
	return nil
}

// write adds one line. Part of a line may be left behind by a full disk: the tail that the
// next open cuts back.
func (j *journal) write(typ recordType, payload []byte) error {
	r := record{Seq: j.seq + 1, Epoch: j.epoch, Job: j.job, Type: typ, Payload: payload, Prev: j.link}
	line, err := r.encode()
	if err != nil {
		return err
	}
	if _, err := j.file.Write(line); err != nil {
		return err
	}
	j.seq, j.link = r.Seq, linkOf(line)
	return nil
}

func (j *journal) Close() error { return j.file.Close() }

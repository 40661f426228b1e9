package archive

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
)

// record is one line of a journal. Its CRC covers the line up to the CRC itself; prev is
// the beginning of the SHA-256 of the line before, so that lines cannot be lost, swapped
// or carried over from another journal.
type record struct {
	Seq     uint64          `json:"seq"`
	Epoch   uint64          `json:"epoch"`
	Job     string          `json:"job"`
	Type    recordType      `json:"type"`
	Payload json.RawMessage `json:"payload"`
	Prev    string          `json:"prev"`
}

type recordType string

// maxRecord is the longest line of a journal. The list of what lay in the archive before a
// job, or of a release's repositories, may be long.
const maxRecord = 64 << 20

// ErrJournal is wrapped by errors that a journal's own bytes cause: damage that no crash of
// ours explains. The job is left alone.
var ErrJournal = errors.New("journal damaged")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

const crcField = `,"crc":"`
const crcLen = len(crcField) + 8 + len("\"}\n")

// encode makes the line, newline included.
func (r record) encode() ([]byte, error) {
	line, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	line = line[:len(line)-1] // the closing brace comes after the CRC
	line = fmt.Appendf(line, "%s%08x\"}\n", crcField, crc32.Checksum(line, castagnoli))
	if len(line) > maxRecord {
		return nil, fmt.Errorf("%s record of %d bytes, at most %d", r.Type, len(line), maxRecord)
	}
	return line, nil
}

// decodeRecord reads one line, newline included. ok is false where its CRC does not fit: a
// line torn by a crash, or damaged.
func decodeRecord(line []byte) (r record, ok bool) {
	if len(line) < crcLen || line[len(line)-1] != '\n' {
		return record{}, false
	}
	body := line[:len(line)-crcLen]
	if want := fmt.Appendf(nil, "%s%08x\"}\n", crcField, crc32.Checksum(body, castagnoli)); !bytes.Equal(want, line[len(body):]) {
		return record{}, false
	}
	if err := json.Unmarshal(append(bytes.Clone(body), '}'), &r); err != nil {
		return record{}, false
	}
	return r, true
}

// linkOf is what the next record's Prev must be.
func linkOf(line []byte) string {
	sum := sha256.Sum256(line)
	return hex.EncodeToString(sum[:8])
}

// parseJournal reads a journal. It returns the records, the length of the valid prefix and
// the link of its last line. Only the tail may be torn: a bad line with a good one behind
// it, a broken chain, or another job's records are ErrJournal.
func parseJournal(data []byte) (records []record, valid int, link string, err error) {
	for valid < len(data) {
		line := data[valid:]
		if i := bytes.IndexByte(line, '\n'); i >= 0 {
			line = line[:i+1]
		}
		r, ok := decodeRecord(line)
		if !ok {
			if goodBeyond(data[valid+len(line):]) {
				return records, valid, link, fmt.Errorf("%w: record %d is damaged and others follow it", ErrJournal, len(records)+1)
			}
			return records, valid, link, nil
		}
		switch n := len(records); {
		case r.Seq != uint64(n)+1:
			err = fmt.Errorf("%w: record %d says it is number %d", ErrJournal, n+1, r.Seq)
		case r.Prev != link:
			err = fmt.Errorf("%w: record %d does not follow record %d", ErrJournal, n+1, n)
		case n > 0 && r.Job != records[0].Job:
			err = fmt.Errorf("%w: record %d belongs to job %q", ErrJournal, n+1, clip(r.Job))
		case n > 0 && r.Epoch < records[n-1].Epoch:
			err = fmt.Errorf("%w: record %d goes back from epoch %d to %d", ErrJournal, n+1, records[n-1].Epoch, r.Epoch)
		}
		if err != nil {
			return records, valid, link, err
		}
		records = append(records, r)
		valid += len(line)
		link = linkOf(line)
	}
	return records, valid, link, nil
}

// goodBeyond reports whether any whole record lies in data.
func goodBeyond(data []byte) bool {
	for line := range bytes.Lines(data) {
		if _, ok := decodeRecord(line); ok {
			return true
		}
	}
	return false
}

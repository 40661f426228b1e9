package archive

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"mirrorctl/mirror"
)

const testJob = "fedora-25-20261121T120000.000-abcdef"

func testBegin() beginRecord {
	return beginRecord{Time: time.Unix(1, 0).UTC(), Target: Target{Release: mirror.Release{Product: "fedora", Version: "25"}, Trees: []mirror.Path{"t/25"}}}
}

// written makes a journal of a job that has copied and verified two files.
func written(t testing.TB) (dir string, data []byte) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), testJob)
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	j, err := createJournal(dir, testJob, 7, recBegin, testBegin())
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	sum := Sum{1, 2, 3}
	for _, r := range []struct {
		typ     recordType
		payload any
	}{
		{recCopying, copyingRecord{Existing: []mirror.Path{"t"}}},
		{recPut, putRecord{Path: "t/25/a", Sum: Sum{9}}},
		{recPut, putRecord{Path: "t/25/b", Sum: Sum{8}, Adopted: true}},
		{recCopied, copiedRecord{Manifest: sum}},
		{recVerified, proofRecord{Manifest: sum, At: time.Unix(5, 0).UTC(), Files: 2, Bytes: 3}},
	} {
		if err := j.Append(r.typ, r.payload); err != nil {
			t.Fatal(err)
		}
	}
	data, err = os.ReadFile(filepath.Join(dir, journalName))
	if err != nil {
		t.Fatal(err)
	}
	return dir, data
}

func TestReplay(t *testing.T) {
	dir, _ := written(t)
	j, records, err := openJournal(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	got, err := replay(records)
	if err != nil {
		t.Fatal(err)
	}
	if got.state != Verified || got.epoch != 7 || got.id != testJob || !got.put["t/25/b"].Adopted || !got.existed["t"] {
		t.Errorf("%+v", got)
	}
	if got.proof.covers(got.manifest, time.Unix(6, 0), time.Hour) != nil {
		t.Errorf("the proof does not cover its manifest: %+v", got.proof)
	}
}

// A journal that is cut anywhere is recovered to the whole records before the cut, and can
// be continued from there.
func TestJournalCutAnywhere(t *testing.T) {
	dir, data := written(t)
	name := filepath.Join(dir, journalName)
	for cut := range len(data) {
		whole := bytes.Count(data[:cut], []byte("\n"))
		if err := os.WriteFile(name, data[:cut], 0o644); err != nil {
			t.Fatal(err)
		}
		j, records, err := openJournal(dir)
		if err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		if len(records) != whole {
			t.Fatalf("cut at %d: %d records, want %d", cut, len(records), whole)
		}
		if st, err := os.Stat(name); err != nil || st.Size() > int64(cut) || whole > 0 && data[st.Size()-1] != '\n' {
			t.Fatalf("cut at %d: the tail was not cut back: %v", cut, err)
		}
		if whole > 0 {
			if err := j.Append(recBlocked, reasonRecord{Reason: "go on"}); err != nil {
				t.Fatal(err)
			}
			if again, err := readJournal(dir); err != nil || len(again) != whole+1 {
				t.Fatalf("cut at %d, continued: %d records, %v", cut, len(again), err)
			}
		}
		j.Close()
	}
}

// A journal with a flipped bit is recovered to the records before it, or refused: never are
// other records read than were written.
func TestJournalFlippedAnywhere(t *testing.T) {
	_, data := written(t)
	want, _, _, err := parseJournal(data)
	if err != nil {
		t.Fatal(err)
	}
	for i := range data {
		for _, bit := range []byte{1, 0x20, 0x80} {
			bad := bytes.Clone(data)
			bad[i] ^= bit
			got, _, _, err := parseJournal(bad)
			if err != nil && !errors.Is(err, ErrJournal) {
				t.Fatalf("byte %d: %v", i, err)
			}
			if len(got) >= len(want) {
				t.Fatalf("byte %d ^ %x: nothing was noticed", i, bit)
			}
			for k := range got {
				if fmt.Sprint(got[k]) != fmt.Sprint(want[k]) {
					t.Fatalf("byte %d ^ %x: record %d is another", i, bit, k+1)
				}
			}
			if last := bytes.LastIndexByte(data[:len(data)-1], '\n'); i < last-1 && err == nil {
				// Damage before the last record cannot be a crash's.
				if line := bytes.Count(data[:i], []byte("\n")); line < len(want)-2 {
					t.Fatalf("byte %d ^ %x: taken for a torn tail", i, bit)
				}
			}
		}
	}
}

// Lines of another journal, swapped lines and lost lines break the chain.
func TestJournalChain(t *testing.T) {
	_, data := written(t)
	lines := bytes.SplitAfter(data, []byte("\n"))
	lines = lines[:len(lines)-1]
	other, err := record{Seq: 2, Epoch: 7, Job: "el-5-x-y", Type: recAborting, Payload: []byte("{}"), Prev: linkOf(lines[0])}.encode()
	if err != nil {
		t.Fatal(err)
	}
	back, err := record{Seq: 2, Epoch: 6, Job: testJob, Type: recAborting, Payload: []byte("{}"), Prev: linkOf(lines[0])}.encode()
	if err != nil {
		t.Fatal(err)
	}
	var changed record
	if err := json.Unmarshal(append(bytes.Clone(lines[1][:len(lines[1])-crcLen]), '}'), &changed); err != nil {
		t.Fatal(err)
	}
	changed.Payload = []byte(`{"existing":["t","u"]}`)
	rewritten, err := changed.encode()
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string][]byte{
		"rewritten":     bytes.Join([][]byte{lines[0], rewritten, lines[2]}, nil),
		"lost":          bytes.Join([][]byte{lines[0], lines[2], lines[3]}, nil),
		"swapped":       bytes.Join([][]byte{lines[0], lines[2], lines[1], lines[3]}, nil),
		"twice":         bytes.Join([][]byte{lines[0], lines[1], lines[1]}, nil),
		"another job":   bytes.Join([][]byte{lines[0], other}, nil),
		"epoch back":    bytes.Join([][]byte{lines[0], back}, nil),
		"beheaded":      bytes.Join(lines[1:], nil),
		"garbage first": append([]byte("garbage\n"), data...),
	} {
		if _, _, _, err := parseJournal(bad); !errors.Is(err, ErrJournal) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Records that no run could have written in that order are refused.
func TestReplayRefuses(t *testing.T) {
	raw := func(typ recordType, payload string) record {
		return record{Job: testJob, Type: typ, Payload: []byte(payload)}
	}
	begin := raw(recBegin, `{}`)
	upTo := []record{begin, raw(recCopying, `{}`), raw(recCopied, `{"manifest":"`+Sum{1}.String()+`"}`)}
	tests := map[string][]record{
		"nothing":                     nil,
		"no begin":                    {raw(recCopying, `{}`)},
		"two begins":                  {begin, begin},
		"unknown":                     {begin, raw("rm -rf", `{}`)},
		"published before verified":   append(upTo, raw(recPublished, `{}`)),
		"trashed before drained":      append(upTo, raw(recTrashed, `{}`)),
		"purging before trashed":      append(upTo, raw(recPurging, `{}`)),
		"a proof of another manifest": append(upTo, raw(recVerified, `{"manifest":"`+Sum{2}.String()+`"}`)),
		"a proof of nothing":          append(upTo, raw(recVerified, `{}`)),
		"restored before published":   append(upTo, raw(recRestoring, `{}`)),
		"aborted without aborting":    append(upTo, raw(recAborted, `{}`)),
		"bad payload":                 {begin, raw(recCopying, `[`)},
	}
	for name, records := range tests {
		if _, err := replay(records); !errors.Is(err, ErrJournal) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Appends from many goroutines are all there, in one chain.
func TestAppendConcurrently(t *testing.T) {
	dir := t.TempDir()
	j, err := createJournal(dir, testJob, 1, recBegin, testBegin())
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	if err := j.Append(recCopying, copyingRecord{}); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			if err := j.Append(recPut, putRecord{Path: mirror.Path(fmt.Sprintf("t/25/%d", i))}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	records, err := readJournal(dir)
	if err != nil || len(records) != 102 {
		t.Fatalf("%d records, %v", len(records), err)
	}
	if job, err := replay(records); err != nil || len(job.put) != 100 {
		t.Fatalf("%d puts, %v", len(job.put), err)
	}
}

// After a failed write nothing more is believed written.
func TestAppendFails(t *testing.T) {
	dir := t.TempDir()
	j, err := createJournal(dir, testJob, 1, recBegin, testBegin())
	if err != nil {
		t.Fatal(err)
	}
	if err := j.file.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := j.Append(recAborting, struct{}{}); err == nil {
			t.Fatal("written to a closed file")
		}
	}
}

func FuzzJournal(f *testing.F) {
	_, data := written(f)
	f.Add(data)
	f.Add(data[:len(data)/2])
	f.Add([]byte("{\"seq\":1}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		records, valid, _, err := parseJournal(data)
		if valid > len(data) || err != nil && !errors.Is(err, ErrJournal) {
			t.Fatalf("valid %d of %d, %v", valid, len(data), err)
		}
		// What is valid is valid alone.
		again, n, _, err2 := parseJournal(data[:valid])
		if err2 != nil || n != valid || len(again) != len(records) {
			t.Fatalf("the prefix of %d bytes: %d records of %d, %v", valid, len(again), len(records), err2)
		}
		if _, err := replay(records); err != nil && !errors.Is(err, ErrJournal) {
			t.Fatal(err)
		}
	})
}

// FuzzReplay goes past the CRC, which a fuzzer does not: any records, well chained.
func FuzzReplay(f *testing.F) {
	f.Add(string(recBegin), `{}`, string(recCopying), `{"existing":["a"]}`, string(recPut), `{"path":"a"}`)
	f.Add(string(recBegin), `{}`, string(recCopying), `{}`, string(recCopied), `{"manifest":""}`)
	f.Fuzz(func(t *testing.T, t1, p1, t2, p2, t3, p3 string) {
		var records []record
		for _, r := range [][2]string{{t1, p1}, {t2, p2}, {t3, p3}} {
			records = append(records, record{Job: testJob, Type: recordType(r[0]), Payload: []byte(r[1])})
		}
		j, err := replay(records)
		if err != nil && !errors.Is(err, ErrJournal) {
			t.Fatal(err)
		}
		if err == nil && !j.proof.manifest.IsZero() {
			t.Fatal("three records made a proof")
		}
	})
}

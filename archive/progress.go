package archive

import "sync/atomic"

// Progress is what a job has done so far. A UI polls it; nothing is called back.
type Progress struct {
	phase                             atomic.Pointer[Phase]
	files, filesTotal, bytes, bytesTo atomic.Int64
}

// Phase is what a job is busy with.
type Phase string

// The phases that take time.
const (
	PhasePlan    Phase = "plan"
	PhaseCopy    Phase = "copy"
	PhaseVerify  Phase = "verify"
	PhasePublish Phase = "publish"
	PhaseDrain   Phase = "drain"
	PhaseTrash   Phase = "trash"
	PhasePurge   Phase = "purge"
	PhaseRestore Phase = "restore"
	PhaseAbort   Phase = "abort"
)

// ProgressNow is one reading of a Progress. Totals are of the current phase; 0 where unknown.
type ProgressNow struct {
	Phase      Phase `json:"phase"`
	Files      int64 `json:"files"`
	FilesTotal int64 `json:"files_total"`
	Bytes      int64 `json:"bytes"`
	BytesTotal int64 `json:"bytes_total"`
}

// Now reads all counters. Each is exact; together they may be of slightly different instants.
func (p *Progress) Now() ProgressNow {
	n := ProgressNow{Files: p.files.Load(), FilesTotal: p.filesTotal.Load(), Bytes: p.bytes.Load(), BytesTotal: p.bytesTo.Load()}
	if ph := p.phase.Load(); ph != nil {
		n.Phase = *ph
	}
	return n
}

func (p *Progress) begin(ph Phase, files, bytes int64) {
	p.files.Store(0)
	p.bytes.Store(0)
	p.filesTotal.Store(files)
	p.bytesTo.Store(bytes)
	p.phase.Store(&ph)
}

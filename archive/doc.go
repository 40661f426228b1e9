// Package archive moves an end-of-life release out of the root into an archive, as one
// verified, resumable, reversible transaction, and brings it back.
//
// It owns the jobs, their journals and manifests, the plan, the proofs and the order in
// which things happen. It promises, at every instant and across any crash:
//
//	I1 every file of the release has a complete, correct copy at a path the journal knows
//	I2 before a job is published the root is untouched
//	I3 from then on every file in the archive is complete and correct
//	I4 no file under a final name in the archive is ever partial
//	I6 nothing is unlinked without a Proof that the archive holds it
//	I7 running again after a crash ends in the same state; Abort ends in the first one
//	I8 two operators never both make progress on one release
//
// A job goes
//
//	planned → copying → copied → verified → published → drained → trashed → purged
//
// and, from published on, may turn to restoring → active. Each state is in the journal,
// fsynced, before it is acted on. Every step looks at what is there before it does
// anything, so that the code that runs normally is the code that recovers.
//
// It leaves to others: which trees a release has (mirror.Catalog), whether it is
// end-of-life (mirror's calendar), how the archive is served, and how progress is drawn.
//
// On disk:
//
//	<state>/locks/<release>                  flock; holds pid and start of the run that has it
//	<state>/jobs/<job>/journal               append-only records
//	<state>/jobs/<job>/plan-<sha256>         what was found in the root when the job began
//	<state>/jobs/<job>/<sha256>.jsonl.zst    the manifest, once everything is copied
//	<root>/.mirrorctl-trash/<job>/<tree>     trees moved out of the way, until they are purged
//	<root>/.mirrorctl-restore/<job>/<tree>   trees being rebuilt
//	<store>/<path in the root>               archived files
//	<store>/.mirrorctl/<release>/            head document, manifest, journal
package archive

// Package queue keeps the records of builds and hands their tasks to builders, on NATS JetStream: a server inside this
// process that listens nowhere, or a cluster elsewhere.
//
//	bucket copr_builds   b.<id> → one record as JSON; next → the number of the next build
//	stream COPR_TASKS    copr.task.<arch>.<build>.<attempt>.<chroot> → one task; a work queue, a consumer per arch
//	subject copr.stop.…  the same words; told to builders, kept nowhere
//
// The record is the truth and every change of it is compare-and-swap; a task in the stream is only a word to builders
// that there is work. So a task that comes twice, late, or not at all does no harm: who takes one asks the record
// first (copr/dock), and the Scheduler offers again what the stream has lost.
//
// What JetStream does that one may not expect, and what is done about it:
//   - It calls fsync every two minutes and acknowledges before: SyncAlways.
//   - Dedup by Nats-Msg-Id forgets after a window and would refuse to offer again what was lost within it. The stream
//     takes one message a subject instead, and the subject names the attempt.
//   - A message delivered MaxDeliver times stays in the stream, and only an advisory that nobody may hear says so.
//     MaxDeliver is off; the record counts deliveries, and who takes the one too many fails the chroot.
//   - A consumer's state is written a little later than its messages: after a kill a task may come again although it is
//     being worked on. The record tells.
package queue

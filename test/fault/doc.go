// Package fault breaks mirrorctl in every way that a machine can, and holds what is left against
// the invariants of the archive protocol: killed before each system call, refused with an errno
// at each, its power cut at each, its fsyncs taken out one by one, a second operator let in at each.
// All of it is in the tests; README.md says how to run them.
package fault

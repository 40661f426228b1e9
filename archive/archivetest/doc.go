// Package archivetest holds what tests of an archive share: one suite that every Store must
// pass, a strict store and state document in memory, faults to put around any of them, and
// a small release on disk that has everything which real ones have.
package archivetest

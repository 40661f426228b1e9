// Package understudy is a small program that archives, prunes and restores one release as mirrorctl
// does, rightly; or with one chosen flaw. The rig must pass the first and catch each of the others:
// it is the proof that the campaigns can fail.
//
// It shares no code with mirrorctl but internal/durable, and does only what the fixture needs.
package understudy

// Package rpmsig reads the head of an RPM file and writes a new signature header for it.
//
//	lead │ signature header, padded │ header │ payload
//	      └── Head.Build makes this anew; not a byte of the rest changes
//
// The old signature header is taken to be hostile: nothing of it is copied but the size of the unpacked payload.
package rpmsig

// Package hub leads a build from its source to the published tree.
//
//	Submit ─► importing ─► pending ─► (queue, builder) ─► check ─► sign ─► publish ─► promote
//	           Importer      Ledger                        Checker  Signer   Tree
//
// It owns the order of the steps and what a failure of each means. It promises that a build ends once, that every step
// may be cut short between any two lines and is then done again to the same end, that a chroot which failed leaves
// what is published as it is, and that a trouble of the hub's own (a full disk, a signer that is down) fails no build: it is
// logged, and the step is tried again.
//
// Two things set it in motion, and it keeps no list of its own: the records of the Ledger, which say what is due, and the clock.
package hub

// Package coprtrips takes packages through the rebuild hub of the built program, and holds it to what it promises on the
// way, by the word of others: dnf and its copr plugin, rpmkeys, gpg.
//
//	upstream_test   a file in a watched directory → testing → stable; a version that proves nothing is never offered
//	tree_test       every published file verifies; what does not fit its chroot is refused
//	together_test   chroots that are published together are published together, or not at all
//	archive_test    an end-of-life chroot is archived, served, left alone, and restored, while the hub runs
package coprtrips

// Package results keeps the published tree of the rebuild hub, in COPR's shape:
//
//	results/owner/name/pubkey.gpg
//	results/owner/name/epel-9-x86_64/repodata/             one signed generation
//	results/owner/name/epel-9-x86_64/00000042-criu/        a build of one package
//	    *.rpm  provenance/*.json  builder-live.log.gz
//	    results.json  build.info
//	    success                                            it is in the repository
//	    retired                                            it no longer is; when it was taken out
//	results/owner/name:testing/epel-9-x86_64/…             the testing channel
//
// What is in a repository is written down in one place, the tree itself: every build with success and without retired.
// repodata follows from that and can be made again at any time; so each method may be cut short between any two
// lines and repeated, to the same end.
//
//	Publish   stage (temp → fsync → rename) → success → generation
//	Promote   the same, with links to what lies in testing
//	Keep      retired → generation; Sweep removes the files after the grace, when no client has
//	          metadata any more that names them
//
// It promises that a repository never lists a file that is not there whole, that repomd.xml and its signature appear
// in one step, and that what is published is never changed or removed before its grace is over. A repository is changed
// by one writer at a time, over all processes.
//
// It knows no key: a Signer signs. Whether a build is good enough to be published was decided before.
package results

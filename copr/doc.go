// Package copr holds the nouns of the rebuild hub, in COPR's words: a Project has packages and chroots, a Build
// makes one Package for some of them, a Task is one attempt at one chroot of a build.
//
//	source → SRPM → tasks → queue → builder → results → gate → sign → testing → stable
//
// It owns what they are called, how they are declared and which state follows which. It does nothing
// itself: it opens no file, starts no process and speaks to no network. The packages below it do:
//
//	copr/source    fetches sources, makes source packages     copr/gate     proves what was built
//	copr/queue     records of builds, tasks to builders       copr/fit      does it fit its chroot?
//	copr/sandbox   runs what is not to be trusted             copr/sign     keys and signatures
//	copr/rpmbuild, copr/mock  builders                        copr/results  the published tree
//	copr/upstream  watches for new versions                   copr/frontend the hub's HTTP
//	copr/hub       leads a build from its source to the tree
package copr

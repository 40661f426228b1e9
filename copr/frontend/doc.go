// Package frontend is the hub's HTTP for clients, in COPR's words: what `dnf copr`, dnf5 and yum's copr plugin ask before
// they enable a project, the part of /api_3 that copr-cli reads and submits builds with, webhooks, and a feed.
//
//	/coprs/owner/name/repo/epel-9/dnf.repo     a .repo file          dnf 4, yum
//	/api_3/rpmrepo/owner/name/rocky-9.4/       the same as JSON      dnf5
//	/api_3/project, package, build, …          records               copr-cli
//	/webhooks/custom/…, /webhooks/github/…     "upstream moved"
//	/results/owner/name/rocky-9-x86_64/…       302 to epel-9-x86_64
//
// It promises that host and scheme of every URL come from the configuration and never from a request, that a secret is
// in no answer and no error, and that lists are bounded. It keeps nothing: records are the Ledger's, builds the Hub's, files
// the server's.
//
// A name of a distribution that is built like another is understood as that one, where the project does not
// build for it itself: rocky-8.10 is epel-8. An architecture that is not built yet is no reason to refuse a .repo
// file: old plugins ask for x86_64 whatever they run on.
package frontend

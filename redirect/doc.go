// Package redirect decides where a client finds what it asks for. It owns three answers:
//
//	Decide      a path below the root: serve it, or one 302 to the archive
//	Mirrorlist  text: the URLs that hold a repository, best first
//	Metalink    XML: the same, with the hashes of the repomd.xml that is served now
//
// All three are functions of values: a Snapshot or Targets, what was asked, who asks. They do no
// I/O, take no lock and know no net/http types, so that a faster front end can share them.
// handler.go is the thin edge that puts them behind net/http.
//
// It promises that every Location and every URL names a host of the configuration (never one that
// a client sent), that a redirect is one hop and 302, that the client keeps its scheme, and that
// lists are byte for byte what MirrorManager's mirrorlist-server sends, which scripts and clients
// of twenty years depend on. Where this package differs on purpose, the code says so.
//
// It leaves to others: what lies in the root (mirror), the bytes of metadata and how many older
// generations are kept (repomd/hot), who the client is behind proxies (internal/web), and which
// third party's servers hold a copy (Selector).
package redirect

// Package oracle judges a site after a crash by what lies on disk, against what lay there
// before. It shares no code with what it judges: it reads directories, the state document and the
// journals' words "put" with its own eyes.
//
// It holds the invariants of the archive protocol. I5 needs clients and I8 two operators: they are
// judged by the campaigns.
package oracle

// Package upstream watches where upstream announces versions: GitHub's releases, Anitya (release-monitoring.org), a
// directory. It asks politely (an interval with jitter, ETags, the back-off that a server asks for), leaves out what upstream
// itself calls a pre-release, orders versions as rpm does, and says which one is newer than what is known.
//
// It builds nothing. What it found is told again, after a restart too, until Seen is called: whoever acts on it may die in
// between, and must take a version it knows calmly.
package upstream

// Package dock is the hub's side of its builders: they ask it whose a task is, take the source package from it, write
// their log to it and leave their result there.
//
//	<dir>/srpm/<build>/<name>                        the source package, put there by the hub
//	<dir>/logs/<build>/<chroot>/<attempt>.<delivery>.log   the log of a build under way
//	<dir>/inbox/<build>/<chroot>/<attempt>/          a result: files and result.json
//	<dir>/builders.json                              who may build, by hash of the token
//
// A result appears by one rename, which nothing replaces: an attempt has one. The record follows it; where a crash came
// between, Recover makes it follow. A builder that does not hold the task is refused, whatever it brings.
//
// Dock.For is the builder's side in the same process, Handler and Client the same over HTTP.
package dock

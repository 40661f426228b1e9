// Package site runs one configuration: a root, an archive, a state directory. It
// holds the View that requests are answered from, and the loops that make new ones:
//
//	follow    the state document: a release archived by any operator is seen within a second, and archivers are told so
//	refresh   every repomd.xml: a new generation is verified and swapped in
//	rescan    the root: repositories come and go
//	housekeep old generations
//
// It promises that a request takes one View and asks it everything, and that a file
// which is gone because the View grew old is looked up once more in the newest.
//
// It decides nothing that a package below could decide: where a path leads is
// redirect's to say, what a verified generation is repomd/hot's, how bytes go out web's.
package site

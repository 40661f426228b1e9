// Package mirror holds the nouns of a mirror: paths below a root, releases and
// their states, kinds of files, the layout that maps a path to a release and a
// repository and back, the calendar of end-of-life dates, the index of what lies
// in the root, and the one state document that says which release is archived.
//
// It promises that a Catalog never changes once made: a request takes one and
// asks it everything. It knows no network and no repository format.
package mirror

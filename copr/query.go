package copr

// Query chooses records of builds, newest first; what is zero is not asked for.
type Query struct {
	Project ProjectName
	Package string
	State   State  // of the whole
	Chroot  Chroot // that the build has
	Before  uint64 // only builds with a smaller number: the next page
	Limit   int
}

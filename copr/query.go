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

// Matches reports whether q chooses b, but for Before and Limit.
func (q Query) Matches(b *Build) bool {
	return (q.Project == ProjectName{} || q.Project == b.Project) &&
		(q.Package == "" || q.Package == b.Package) &&
		(q.State == "" || q.State == b.State) &&
		(q.Chroot.IsZero() || b.Chroot(q.Chroot) != nil)
}

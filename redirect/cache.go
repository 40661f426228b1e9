package redirect

// What caches are told. The whole policy of this package stands here.
const (
	// CacheRedirect goes with a redirect to the archive. An archived release is final but for
	// mirrorctl restore, so an hour: long for a cache, short for an operator who restores.
	CacheRedirect = "public, max-age=3600"

	// CacheRestoring goes with a redirect of a release that is on its way back to the root.
	CacheRestoring = "public, max-age=60"

	// CacheList goes with every mirrorlist and metalink: they change in place.
	CacheList = "public, max-age=60, must-revalidate"

	// CachePrivate goes with a list that was made for one client's address.
	CachePrivate = "private, max-age=60, must-revalidate"
)

package redirect

import (
	"net/http"
	"strings"

	"mirrorctl/mirror"
)

// Legacy answers the static lists that RPM Fusion's first generation of .repo files (Fedora 8 to
// 10) names, such as free/fedora/.mirrorlist-free-fedora-updates. yum fills in $releasever and
// $basearch after it read the list, so nobody knows yet which release it will be: the one URL is the
// root's, and Decide sends an archived release on. ok is false where p is no such list.
func Legacy(s *Snapshot, p mirror.Path, c Client) (a Answer, ok bool) {
	if !strings.HasPrefix(p.Base(), ".mirrorlist-") {
		return Answer{}, false // nearly every path: spare it the layout's rules
	}
	list, ok := s.layout.LegacyList(p)
	if !ok {
		return Answer{}, false
	}
	dir := mirror.Path(strings.TrimSuffix(list.Template, "/"))
	return Answer{
		Status: http.StatusOK, ContentType: "text/plain", CacheControl: CacheList,
		Body: []byte(s.targets.PublicURL(c.Scheme, dir, true) + "\n"),
		Kind: mirror.KindMirrorlist, Outcome: OutcomeLegacy,
	}, true
}

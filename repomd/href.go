package repomd

import (
	"fmt"
	"io/fs"
	"strings"
)

// maxHref is the longest href accepted, in bytes: Linux's PATH_MAX.
const maxHref = 4096

// checkHref accepts an href that names a file below the repository, as it stands: relative,
// already clean, no "..", no backslash, no control character, no percent-encoded dot or slash.
// A bad one is an error and never mended: librepo mended them, and wrote outside its directory
// (CVE-2020-14352).
func checkHref(href string) error {
	switch {
	case href == "":
		return fmt.Errorf("empty href")
	case len(href) > maxHref:
		return fmt.Errorf("href %q: %d bytes, at most %d", clip(href), len(href), maxHref)
	case href[0] == '/', strings.Contains(href, "://"):
		return fmt.Errorf("href %q is absolute", clip(href))
	case href == "." || !fs.ValidPath(href):
		return fmt.Errorf("href %q is not a clean path below the repository", clip(href))
	}
	for i, r := range href {
		switch {
		case r < 0x20 || r == 0x7f || r == '\\':
			return fmt.Errorf("href %q: character %q", clip(href), r)
		case r == '%' && len(href) >= i+3:
			switch strings.ToLower(href[i+1 : i+3]) {
			case "00", "2e", "2f", "5c":
				return fmt.Errorf("href %q: %q would leave the path as written", clip(href), href[i:i+3])
			}
		}
	}
	return nil
}

package frontend

import (
	"net/http"
	"strings"

	"mirrorctl/copr"
	"mirrorctl/internal/web"
)

// Results sends clients of a rebuild to the chroot that is built for it, and gives all else to next: dnf5 and people
// who write a .repo file put the name of their own distribution into it.
func (f *Frontend) Results(next web.Handler) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		to, ok := f.Alias(r.URL.Path)
		if !ok {
			return next(w, r)
		}
		w.Header().Set("Location", to)
		w.Header().Set("Cache-Control", "public, max-age=300")
		w.WriteHeader(http.StatusFound)
		return nil
	}
}

// Alias is where a path below /results/ lies that is spelt for a rebuild: /results/o/p/rocky-9-x86_64/… is told
// …/epel-9-x86_64/…. ok is false for whatever is there itself.
func (f *Frontend) Alias(path string) (to string, ok bool) {
	rest, ok := strings.CutPrefix(path, "/results/")
	if !ok {
		return "", false
	}
	parts := strings.SplitN(rest, "/", 4)
	if len(parts) < 3 {
		return "", false
	}
	asked, err := copr.ParseChroot(parts[2])
	if err != nil {
		return "", false
	}
	d, err := f.directoryOf(parts[0], parts[1])
	if err != nil {
		return "", false
	}
	target, ok := targetsOf(f.chroots(d)).resolve(asked.Target())
	if !ok || target == asked.Target() {
		return "", false
	}
	elems := []string{"results", parts[0], parts[1], target + "-" + asked.Arch}
	location := f.PublicURL.JoinPath(elems...)
	if len(parts) == 4 {
		// Not JoinPath: that would clean what the client meant, and drop a slash at the end.
		location = location.JoinPath("/")
		location.Path += parts[3]
		location.RawPath = ""
	}
	return location.String(), true
}

package declare

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"mirrorctl/copr"
	"mirrorctl/internal/strict"
)

// Gates are what may prove a build.
var Gates = []string{"install", "criu", "none"}

const defaultTimeout = 2 * time.Hour

// check makes the package of a declared one.
func (d pkg) check(name string, chroots []copr.Chroot) (copr.Package, error) {
	k := copr.Package{
		Name: name, Spec: d.Spec, Extra: d.Extra, Version: d.Version, Gate: d.Gate, Script: d.Script, Allowed: d.Allowed, SetID: d.SetID,
		Channel: copr.Channel(d.Channel), Twice: true, Timeout: time.Duration(d.Timeout),
	}
	if k.Gate == "" {
		k.Gate = "install"
	}
	if k.Channel == "" {
		k.Channel = copr.Testing
	}
	if d.Twice != nil {
		k.Twice = *d.Twice
	}
	if k.Timeout == 0 {
		k.Timeout = defaultTimeout
	}
	switch {
	case !isName(name):
		return k, errors.New("want a name of letters, digits and -_.+")
	case d.Spec == "":
		return k, errors.New("spec is missing: the file that says how it is built")
	case !strings.HasSuffix(d.Spec, ".spec"):
		return k, fmt.Errorf("spec %q: want a file that ends in .spec", d.Spec)
	case !slices.Contains(Gates, k.Gate):
		return k, fmt.Errorf("gate %q: want one of %s%s", k.Gate, strings.Join(Gates, ", "), strict.Nearest(k.Gate, Gates))
	case k.Channel != copr.Testing && k.Channel != copr.Stable:
		return k, fmt.Errorf("channel %q: want testing or stable", k.Channel)
	case !isVersion(d.Version):
		return k, fmt.Errorf("version %q: want letters, digits and ._+~^", d.Version)
	}
	for _, f := range append([]string{d.Spec, d.Script}, d.Extra...) {
		if f != "" && (!fs.ValidPath(f) || f == "." || strings.ContainsAny(f, "\\\x00\n")) {
			return k, fmt.Errorf("%q: want a file below the directory of the declaration", f)
		}
	}
	var err error
	if k.Watch, err = d.Watch.check(); err != nil {
		return k, fmt.Errorf("watch: %w", err)
	}
	if k.Version == "" && k.Watch == (copr.Watch{}) {
		return k, errors.New("version is missing, and nothing is watched that would tell one")
	}
	if k.Sources, err = sources(d.Sources, d.Version); err != nil {
		return k, err
	}
	if k.Exclude, err = excludes(d.Exclude, chroots); err != nil {
		return k, err
	}
	if err := checkSetID(d.SetID); err != nil {
		return k, err
	}
	return k, checkAllowed(d.Allowed)
}

// checkSetID looks at the files that may give their callers rights.
func checkSetID(files map[string]string) error {
	for name, reason := range files {
		switch {
		case !path.IsAbs(name) || path.Clean(name) != name || strings.ContainsAny(name, "*?[\x00\n"):
			return fmt.Errorf("setuid %q: want the whole path of a file", name)
		case strings.TrimSpace(reason) == "":
			return fmt.Errorf("setuid %s: reason is missing: it gives rights to whoever calls it", name)
		}
	}
	return nil
}

// sources checks that what is declared is pinned: a version that a watcher finds is pinned on first sight, and none is
// fetched on trust twice.
func sources(declared []source, version string) ([]copr.Source, error) {
	if len(declared) > maxSources {
		return nil, fmt.Errorf("%d sources, at most %d", len(declared), maxSources)
	}
	var out []copr.Source
	names := map[string]bool{}
	for _, s := range declared {
		u, err := url.Parse(s.URL)
		moves := strings.Contains(s.URL, "{version}")
		switch {
		case err != nil || !slices.Contains([]string{"http", "https", "file"}, u.Scheme) || u.Scheme != "file" && u.Host == "":
			return nil, fmt.Errorf("source %q: want an http, https or file URL", s.URL)
		case u.User != nil:
			return nil, fmt.Errorf("source of host %q: no user or password in a URL: it is published", u.Host)
		case strings.ContainsAny(strings.ReplaceAll(s.URL, "{version}", ""), "{}"):
			return nil, fmt.Errorf("source %q: {version} is the one variable", s.URL)
		case s.SHA256 == "" && (version != "" || !moves):
			return nil, fmt.Errorf("source %q: sha256 is missing: whoever answers for that URL would decide what is built", s.URL)
		case s.SHA256 != "" && moves && version == "":
			return nil, fmt.Errorf("source %q: sha256 is of one version, and none is declared", s.URL)
		}
		if raw, err := hex.DecodeString(s.SHA256); err != nil || s.SHA256 != "" && len(raw) != 32 || strings.ToLower(s.SHA256) != s.SHA256 {
			return nil, fmt.Errorf("source %q: sha256: want 64 lower-case hex digits", s.URL)
		}
		name := s.Name
		if name == "" {
			name = path.Base(u.Path)
		}
		if name == "" || name == "." || name == "/" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "-") || strings.ContainsAny(name, "/\\\x00\n") {
			return nil, fmt.Errorf("source %q: name %q: want the name of a file", s.URL, name)
		}
		if names[name] {
			return nil, fmt.Errorf("source %q: another one is called %s; give one a name", s.URL, name)
		}
		names[name] = true
		out = append(out, copr.Source{URL: s.URL, SHA256: s.SHA256, Name: name})
	}
	return out, nil
}

func (d watch) check() (copr.Watch, error) {
	w := copr.Watch{GitHub: d.GitHub, Anitya: d.Anitya, Directory: d.Directory, Pattern: d.Pattern, Every: time.Duration(d.Every)}
	set := 0
	for _, s := range []string{d.GitHub, d.Anitya, d.Directory} {
		if s != "" {
			set++
		}
	}
	owner, repo, _ := strings.Cut(d.GitHub, "/")
	switch {
	case set == 0 && (d != watch{}):
		return w, errors.New("want one of github, anitya and directory")
	case set > 1:
		return w, errors.New("github, anitya and directory: one of them")
	case d.GitHub != "" && (!isName(owner) || !isName(repo)):
		return w, fmt.Errorf("github %q: want owner/name", d.GitHub)
	case d.Directory != "" && !path.IsAbs(d.Directory) && !fs.ValidPath(d.Directory):
		return w, fmt.Errorf("directory %q: want one below the directory of the declaration, or an absolute path", d.Directory)
	case d.Directory != "" && d.Pattern == "":
		return w, errors.New("pattern is missing: which files of the directory, such as criu-{version}.tar.xz")
	case d.Pattern != "" && (strings.Count(d.Pattern, "{version}") != 1 || strings.ContainsAny(strings.Replace(d.Pattern, "{version}", "", 1), "{}/*?[]\\")):
		return w, fmt.Errorf("pattern %q: want a file name with {version} in it, once, and no other variable", d.Pattern)
	case d.Every != 0 && time.Duration(d.Every) < time.Minute:
		return w, fmt.Errorf("every %s: at least 1m", d.Every)
	}
	if d.Anitya != "" {
		if _, err := strconv.ParseUint(d.Anitya, 10, 32); err != nil {
			return w, fmt.Errorf("anitya %q: want the number of a project of release-monitoring.org", d.Anitya)
		}
	}
	return w, nil
}

func excludes(declared []exclude, chroots []copr.Chroot) ([]copr.Exclude, error) {
	var out []copr.Exclude
	for _, e := range declared {
		if strings.TrimSpace(e.Reason) == "" {
			return nil, fmt.Errorf("exclude %s: reason is missing: people ask", strings.Join(e.Chroots, ", "))
		}
		if len(e.Chroots) == 0 {
			return nil, errors.New("exclude: chroots is missing")
		}
		for _, pattern := range e.Chroots {
			if !slices.ContainsFunc(chroots, func(c copr.Chroot) bool { ok, _ := path.Match(pattern, c.String()); return ok }) {
				return nil, fmt.Errorf("exclude: %q matches none of the project's chroots", pattern)
			}
		}
		out = append(out, copr.Exclude{Chroots: e.Chroots, Reason: strings.TrimSpace(e.Reason)})
	}
	return out, nil
}

// checkAllowed looks at the keys of the skips that are allowed: a misspelt one would allow nothing, silently.
func checkAllowed(allowed map[string][]string) error {
	for key := range allowed {
		arch, runner, ok := strings.Cut(key, "/")
		if !ok || !slices.Contains(copr.Arches, arch) || !slices.Contains(copr.Runners, runner) {
			return fmt.Errorf("allowed %q: want arch/runner, the runner one of %s: aarch64/vm", key, strings.Join(copr.Runners, ", "))
		}
	}
	return nil
}

// isName reports whether s may name a package: it becomes a directory and a part of URLs.
func isName(s string) bool {
	return s != "" && len(s) <= 100 && s[0] != '.' && s[0] != '-' && strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz0123456789-_.+") == ""
}

func isVersion(s string) bool {
	return len(s) <= 64 && !strings.HasPrefix(s, ".") && strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz0123456789._+~^") == ""
}

package copr

import (
	"fmt"
	"strings"
)

// ProjectName is owner/name; the owner of a group's project begins with "@".
type ProjectName struct {
	Owner, Name string
}

// ParseProjectName reads owner/name, @group/name, and g/group/name as it is spelt below /coprs.
func ParseProjectName(s string) (ProjectName, error) {
	if group, ok := strings.CutPrefix(s, "g/"); ok && strings.Contains(group, "/") {
		s = "@" + group
	}
	owner, name, _ := strings.Cut(s, "/")
	if !isName(strings.TrimPrefix(owner, "@")) || !isName(name) {
		return ProjectName{}, fmt.Errorf("project %q: want owner/name of letters, digits and -_.+", s)
	}
	return ProjectName{owner, name}, nil
}

// String is owner/name; "" for no project.
func (p ProjectName) String() string {
	if p == (ProjectName{}) {
		return ""
	}
	return p.Owner + "/" + p.Name
}

// MarshalText writes String.
func (p ProjectName) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads what MarshalText wrote, no project included.
func (p *ProjectName) UnmarshalText(text []byte) (err error) {
	if len(text) == 0 {
		*p = ProjectName{}
		return nil
	}
	*p, err = ParseProjectName(string(text))
	return err
}

// isName reports whether s may name an owner, a project or a package: it becomes a directory, a part of a
// URL and an id in a .repo file.
func isName(s string) bool {
	if s == "" || len(s) > 100 || s[0] == '.' || s[0] == '-' {
		return false
	}
	return strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz0123456789-_.+") == ""
}

package config

import (
	"encoding/json"
	"fmt"
	"net/url"
	"reflect"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"mirrorctl/internal/strict"
	"mirrorctl/mirror"
)

// Duration is a time.Duration that may also be written in days: 14d, 1d12h.
type Duration = strict.Duration

// Size is a number of bytes, written plainly or with KB, MB, GB (powers of 1000) or KiB, MiB, GiB.
type Size int64

var units = []struct {
	suffix string
	factor int64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40},
	{"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"B", 1},
}

// UnmarshalText reads a size.
func (z *Size) UnmarshalText(b []byte) error {
	s, factor := strings.TrimSpace(string(b)), int64(1)
	for _, u := range units {
		if head, ok := strings.CutSuffix(s, u.suffix); ok {
			s, factor = strings.TrimSpace(head), u.factor
			break
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || n > (1<<62)/factor {
		return fmt.Errorf("size %q: want bytes, such as 1048576, 256MiB or 20GB", string(b))
	}
	*z = Size(n * factor)
	return nil
}

// String uses the largest binary unit that leaves no fraction.
func (z Size) String() string {
	for i := 3; i >= 0; i-- {
		if f := units[i].factor; int64(z) >= f && int64(z)%f == 0 {
			return strconv.FormatInt(int64(z)/f, 10) + units[i].suffix
		}
	}
	return strconv.FormatInt(int64(z), 10)
}

// MarshalText writes what UnmarshalText reads.
func (z Size) MarshalText() ([]byte, error) { return []byte(z.String()), nil }

// URL is an absolute http or https URL of a directory: it ends in a slash and has no
// query, fragment or user.
type URL struct{ u *url.URL }

// UnmarshalText reads a URL; a missing last slash is added.
func (u *URL) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*u = URL{}
		return nil
	}
	v, err := url.Parse(string(b))
	switch {
	case err != nil:
		return fmt.Errorf("url %q: %w", string(b), err)
	case v.Scheme != "http" && v.Scheme != "https", v.Host == "":
		return fmt.Errorf("url %q: want http://host/ or https://host/", string(b))
	case v.RawQuery != "", v.Fragment != "", v.User != nil:
		return fmt.Errorf("url %q: must have no user, query or fragment", string(b))
	}
	if !strings.HasSuffix(v.Path, "/") {
		v = v.JoinPath("/")
	}
	*u = URL{v}
	return nil
}

// IsZero reports whether no URL was given.
func (u URL) IsZero() bool { return u.u == nil }

// URL is a copy of the URL; an empty one where none was given.
func (u URL) URL() *url.URL {
	if u.u == nil {
		return &url.URL{}
	}
	c := *u.u
	return &c
}

// String is the URL's text.
func (u URL) String() string { return u.URL().String() }

// MarshalText writes what UnmarshalText reads.
func (u URL) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// Layout is the name of a built-in layout or a list of rules.
type Layout struct {
	Name  string
	Rules []mirror.Rule
}

// UnmarshalYAML reads a name or a list.
func (l *Layout) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.SequenceNode {
		l.Name = ""
		return n.Decode(&l.Rules)
	}
	l.Rules = nil
	return n.Decode(&l.Name)
}

// Shape says which keys a layout may have.
func (Layout) Shape(n *yaml.Node) reflect.Type {
	if n.Kind == yaml.SequenceNode {
		return reflect.TypeFor[[]mirror.Rule]()
	}
	return nil
}

// MarshalYAML writes what UnmarshalYAML reads.
func (l Layout) MarshalYAML() (any, error) {
	if l.Name == "" {
		return l.Rules, nil
	}
	return l.Name, nil
}

// MarshalJSON writes the same shape as MarshalYAML.
func (l Layout) MarshalJSON() ([]byte, error) {
	v, _ := l.MarshalYAML()
	return json.Marshal(v)
}

// Compile makes the layout.
func (l Layout) Compile() (*mirror.Layout, error) {
	if l.Name != "" {
		return mirror.BuiltinLayout(l.Name)
	}
	return mirror.NewLayout(l.Rules)
}

package demo

import (
	"bytes"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// config is DIR/mirrorctl.yaml. Waiting times are zero, so that a newcomer sees a whole
// life cycle in a minute.
func (s *Site) config() ([]byte, error) {
	var b bytes.Buffer
	line := func(indent, key, value, comment string) error {
		text, err := yaml.Marshal(value) // quotes what needs it
		if err != nil {
			return fmt.Errorf("write configuration: %w", err)
		}
		fmt.Fprintf(&b, "%-48s # %s\n", indent+key+": "+string(bytes.TrimSpace(text)), comment)
		return nil
	}
	b.WriteString("# A demonstration site. All paths are absolute; commands find this file with --config.\n")
	for _, l := range []struct{ indent, key, value, comment string }{
		{"", "root", s.Root, "the trees"},
		{"", "listen", s.listen, "for clients"},
		{"", "admin_listen", "127.0.0.1:9190", "/metrics and /debug/pprof; never public"},
		{"", "public_url", s.PublicURL, "what clients call this server; redirects and lists carry it"},
		{"", "state", s.State, "the state document, indexes, journals"},
		{"", "layout", "rpmfusion", "maps paths to releases and repositories"},
	} {
		if err := line(l.indent, l.key, l.value, l.comment); err != nil {
			return nil, err
		}
	}
	b.WriteString("archive:\n")
	for _, l := range []struct{ indent, key, value, comment string }{
		{"  ", "store", s.Archive, "where archived releases go; apart from the root"},
		{"  ", "url", "", "empty: this server, under /archive/"},
		{"  ", "grace", "0s", "how long the root keeps what is archived; 14d in real life"},
		{"  ", "quiet", "0s", "how long no request may have been answered from the root; 10m in real life"},
		{"  ", "retention", "0s", "how long the trash is kept; 7d in real life"},
	} {
		if err := line(l.indent, l.key, l.value, l.comment); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}

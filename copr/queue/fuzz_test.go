package queue

import (
	"strings"
	"testing"
	"time"

	"mirrorctl/copr"
)

// Whatever stands in the bucket, reading, checking and deciding end without a panic, and what is written is read the same.
func FuzzRecord(f *testing.F) {
	f.Add([]byte(`{"id":1,"project":"a/b","package":"criu","chroots":[{"chroot":"epel-9-x86_64","state":"pending","attempt":1}]}`))
	f.Add([]byte(`{"project":"a/b","chroots":[{"chroot":"a.b-9..4-x86_64","state":"running","result":{}}],"srpm":{"name":"x"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := decode(data)
		if err != nil {
			return
		}
		again, err := decode(data)
		if err != nil {
			t.Fatal(err)
		}
		if err := check(b, again); err != nil {
			t.Skip("SKIP: chroots that are listed twice are no record")
		}
		settle(b, time.Unix(0, 0))
		decide([]*copr.Build{b}, 2)
		for _, c := range b.Chroots {
			s := taskSubject(b.ID, c.Chroot, c.Attempt)
			if strings.Count(s, ".") != 5 || strings.ContainsAny(s, " *>\n") || strings.Contains(s, "..") {
				t.Errorf("subject %q", s)
			}
		}
		out, written, err := encode(b)
		if err != nil {
			return // no project, or a time that JSON cannot hold
		}
		if again, _, err := encode(written); err != nil || string(again) != string(out) {
			t.Errorf("written as %s, and then as %s: %v", out, again, err)
		}
	})
}

package queue

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"mirrorctl/copr"
)

// Whatever stands in the bucket, reading, checking and deciding end without a panic, and a record that was read is written
// as one that is read the same.
func FuzzRecord(f *testing.F) {
	f.Add([]byte(`{"id":1,"project":"a/b","package":"criu","chroots":[{"chroot":"epel-9-x86_64","state":"pending","attempt":1}]}`))
	f.Add([]byte(`{"chroots":[{"chroot":"a.b-9..4-x86_64","state":"running","result":{}}],"srpm":{"name":"x"}}`))
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
			t.Skip() // chroots that are listed twice
		}
		settle(b, time.Unix(0, 0))
		decide([]*copr.Build{b}, 2)
		for _, c := range b.Chroots {
			s := taskSubject(b.ID, c.Chroot, c.Attempt)
			if strings.Count(s, ".") != 5 || strings.ContainsAny(s, " *>\n") || strings.Contains(s, "..") {
				t.Errorf("subject %q", s)
			}
		}
		out, err := json.Marshal(b)
		if err != nil {
			t.Skip() // a time that JSON cannot hold
		}
		if _, err := decode(out); err != nil {
			t.Errorf("written as %s: %v", out, err)
		}
	})
}

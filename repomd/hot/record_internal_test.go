package hot

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"testing"
	"time"

	"mirrorctl/repomd"
)

func oneFile(t testing.TB) (*generation, []byte) {
	sum := sha256.Sum256([]byte("primary"))
	raw := fmt.Appendf(nil, `<repomd><data type="primary"><checksum type="sha256">%x</checksum><location href="repodata/%x-primary.xml.gz"/><size>7</size></data></repomd>`, sum, sum)
	parsed, err := repomd.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1479798489, 0).UTC()
	docs := documents{repomd: document{raw, now}, signature: document{[]byte("s"), now}}
	g := newGeneration("free/el/6", docs, parsed, []member{{
		name: parsed.Data[0].Href, modTime: now, body: &body{sum: sum, size: 7, cache: new(Cache)},
	}}, now)
	data, err := encodeRecord(g)
	if err != nil {
		t.Fatal(err)
	}
	return g, data
}

func TestRecord(t *testing.T) {
	g, data := oneFile(t)
	r, err := decodeRecord(data)
	if err != nil {
		t.Fatal(err)
	}
	docs := documents{r.Repomd.document(), r.Signature.document(), r.Key.document()}
	if !docs.equal(g.documents) || !r.LoadedAt.Equal(g.LoadedAt) || r.name() != recordName(g.Dir, g.SHA256) || len(r.Files) != 1 {
		t.Errorf("%+v", r)
	}
	sum := g.Repomd.Data[0].Checksum.Hex
	for _, tt := range []struct{ name, old, new string }{
		{"another format", `"format":1`, `"format":2`},
		{"an unknown field", `"format":1`, `"format":1,"x":0`},
		{"a path that climbs", `"free/el/6"`, `"free/../.."`},
		{"a file that is not listed", `-primary`, `-filelists`},
		{"another content under a listed name", `"sha256":"` + sum, `"sha256":"` + hex.EncodeToString(make([]byte, 32))},
		{"a content that is no SHA-256", `"sha256":"` + sum, `"sha256":"../../etc/passwd`},
		{"a negative size", `"size":7`, `"size":-7`},
		{"without its repomd.xml", `"repomd"`, `"key"`},
		{"without its files", `"files":[{`, `"files":[],"repomd":[{`},
		{"twice", `]}`, `]}{}`},
		{"cut short", `]}`, `]`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bad := bytes.Replace(data, []byte(tt.old), []byte(tt.new), 1)
			if bytes.Equal(bad, data) {
				t.Fatalf("%q is not in the record", tt.old)
			}
			if r, err := decodeRecord(bad); err == nil {
				t.Errorf("taken: %+v", r)
			}
		})
	}
}

// Whatever lies in the directory: no panic, and what is taken can be served and recorded again.
func FuzzRecord(f *testing.F) {
	_, data := oneFile(f)
	f.Add(data)
	f.Add([]byte(`{"format":1,"dir":".","repomd":{"data":"PHJlcG9tZD48L3JlcG9tZD4="},"files":null}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := decodeRecord(data)
		if err != nil {
			return
		}
		c := &Cache{budget: NewBudget(0), store: &store{files: "/nonexistent"}, bodies: map[[32]byte]*body{}}
		g := c.revive(r)
		newView([]*generation{g})
		again, err := encodeRecord(g)
		if err != nil {
			t.Skip(err) // a time of year 10000, say
		}
		if r2, err := decodeRecord(again); err != nil || r2.name() != r.name() {
			t.Fatalf("%v: %s became %s", err, data, again)
		}
	})
}

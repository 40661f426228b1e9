package repomd_test

import (
	"fmt"
	"os"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"mirrorctl/repomd"
)

// anyRepomd draws what a document may say, records in the order that Marshal gives them.
func anyRepomd(t *rapid.T) *repomd.Repomd {
	words := rapid.StringMatching(`|[a-zé<>&"'\]]{1,8}( [a-z]{1,3})?`)
	word := rapid.StringMatching(`[a-z<&"][a-z<&"\r]{0,8}[a-z]`) // space around a text is not kept
	tags := rapid.SliceOfN(rapid.StringMatching(`[a-zß&]{1,9}`), 0, 3)
	r := &repomd.Repomd{
		Revision: words.Draw(t, "revision"),
		Tags:     repomd.Tags{Content: tags.Draw(t, "content"), Repo: tags.Draw(t, "repo")},
		Data:     rapid.SliceOfN(rapid.Custom(anyData), 0, 5).Draw(t, "data"),
	}
	if rapid.Bool().Draw(t, "ids") {
		r.ID, r.IDType = word.Draw(t, "id"), word.Draw(t, "id type")
		r.Content, r.ContentType = word.Draw(t, "hash"), word.Draw(t, "hash type")
		r.Tags.Distro = []repomd.Distro{{CPE: word.Draw(t, "cpe"), Name: word.Draw(t, "distro")}}
	}
	for i, d := range r.Data {
		if i == 0 || d.Timestamp > r.Timestamp {
			r.Timestamp = d.Timestamp
		}
	}
	return r
}

func anyData(t *rapid.T) repomd.Data {
	size := rapid.Int64Min(-1)
	return repomd.Data{
		Type:            rapid.OneOf(rapid.SampledFrom([]string{"primary", "other_zck", "filelists_db"}), rapid.StringMatching(`[a-z"&]{1,5}`)).Draw(t, "type"),
		Href:            rapid.StringMatching(`[a-z+~^"&<]{1,9}(/[a-z.]{0,4}[a-z])?`).Draw(t, "href"),
		Base:            rapid.StringMatching(`|http://[a-z]{1,5}/\?a&b\t"`).Draw(t, "base"),
		Checksum:        anyChecksum(t, "checksum"),
		OpenChecksum:    anyChecksum(t, "open"),
		HeaderChecksum:  anyChecksum(t, "header"),
		Size:            size.Draw(t, "size"),
		OpenSize:        size.Draw(t, "open-size"),
		HeaderSize:      size.Draw(t, "header-size"),
		Timestamp:       rapid.Int64Min(-1<<62).Draw(t, "timestamp"),
		DatabaseVersion: rapid.IntRange(0, 10).Draw(t, "version"),
	}
}

func anyChecksum(t *rapid.T, label string) repomd.Checksum {
	typ := rapid.SampledFrom([]string{"", "md5", "sha", "sha1", "sha224", "sha256", "sha384", "sha512"}).Draw(t, label)
	if typ == "" {
		return repomd.Checksum{}
	}
	h, err := repomd.NewHash(typ)
	if err != nil {
		t.Fatal(err)
	}
	h.Write(rapid.SliceOfN(rapid.Byte(), 0, 4).Draw(t, label+" of"))
	return repomd.SumOf(typ, h)
}

func TestMarshalParse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := anyRepomd(t)
		before := slices.Clone(want.Data)
		raw, err := repomd.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(before, want.Data) {
			t.Fatal("Marshal changed its argument")
		}
		got, err := repomd.Parse(raw)
		if err != nil {
			t.Fatalf("%v in\n%s", err, raw)
		}
		if again, err := repomd.Marshal(got); err != nil || string(again) != string(raw) {
			t.Fatalf("Marshal of what it wrote: %v\n%s\n%s", err, raw, again)
		}
		got.Raw = nil
		byAll := func(a, b repomd.Data) int { return strings.Compare(key(a), key(b)) }
		slices.SortFunc(got.Data, byAll)
		slices.SortFunc(want.Data, byAll)
		for _, r := range []*repomd.Repomd{got, want} { // no difference is made between none and empty
			r.Data, r.Tags.Content, r.Tags.Repo = slices.Clip(append([]repomd.Data{}, r.Data...)),
				append([]string{}, r.Tags.Content...), append([]string{}, r.Tags.Repo...)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("got  %+v\nwant %+v\n%s", got, want, raw)
		}
	})
}

func key(d repomd.Data) string { return fmt.Sprintf("%#v", d) }

func TestMarshalOrder(t *testing.T) {
	want := []string{"primary", "filelists", "other", "primary_db", "filelists_db", "other_db",
		"primary_zck", "filelists_zck", "other_zck", "group", "group_gz", "updateinfo", "updateinfo"}
	r := &repomd.Repomd{}
	for _, typ := range slices.Backward(want) {
		r.Data = append(r.Data, repomd.Data{Type: typ, Href: "repodata/" + string(rune('z'-len(r.Data)))})
	}
	raw, err := repomd.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	r, err = repomd.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range r.Data {
		got = append(got, d.Type)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	if n := len(r.Data); r.Data[n-2].Href > r.Data[n-1].Href {
		t.Errorf("two of one type are not in the order of href: %q, %q", r.Data[n-2].Href, r.Data[n-1].Href)
	}
}

func TestMarshalRefuses(t *testing.T) {
	for _, test := range []struct {
		name string
		data repomd.Data
	}{
		{"an href that leaves", repomd.Data{Type: "primary", Href: "../a"}},
		{"no type", repomd.Data{Href: "a"}},
		{"a control character", repomd.Data{Type: "a\x00", Href: "a"}},
		{"a checksum that is none", repomd.Data{Type: "a", Href: "a", Checksum: repomd.Checksum{Type: "sha256", Hex: "12"}}},
	} {
		if raw, err := repomd.Marshal(&repomd.Repomd{Data: []repomd.Data{test.data}}); err == nil {
			t.Errorf("%s: written as\n%s", test.name, raw)
		}
	}
}

// The installed createrepo_c, whatever its version, writes what Marshal writes.
func TestMarshalAgainstCreaterepo(t *testing.T) {
	createrepo, err := exec.LookPath("createrepo_c")
	if err != nil {
		t.Skip("SKIP: createrepo_c is missing")
	}
	dir := t.TempDir()
	cmd := exec.Command(createrepo, "-q", "--revision", "a & b", "--content", "c<d", "--repo", `e"f`, "--distro", "cpe:/o:g,h i", dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	r, err := repomd.Load(os.DirFS(dir), ".")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := repomd.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	if string(raw) != string(r.Raw) {
		t.Errorf("createrepo_c wrote\n%s\nMarshal\n%s", r.Raw, raw)
	}
}

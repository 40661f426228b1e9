package mirror_test

import (
	"encoding/json"
	"slices"
	"testing"

	"mirrorctl/mirror"
)

func TestParseRelease(t *testing.T) {
	for in, want := range map[string]mirror.Release{
		"fedora-25": {Product: "fedora", Version: "25"}, "centos-stream-9": {Product: "centos-stream", Version: "9"},
		"centos-7.9.2009": {Product: "centos", Version: "7.9.2009"}, "fedora-rawhide": {Product: "fedora", Version: "rawhide"},
	} {
		if got, err := mirror.ParseRelease(in); err != nil || got != want || got.String() != in {
			t.Errorf("%s: %+v, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "fedora", "-25", "fedora-", "--1", "fedora 25", "../x-1", ".mirrorctl-1", "a/b-1", "é-1", "fedora-25\n"} {
		if got, err := mirror.ParseRelease(in); err == nil {
			t.Errorf("%q: %+v", in, got)
		}
	}
}

func TestReleasesInOrder(t *testing.T) {
	want := []string{"el-5", "el-10", "epel-10", "epel-10.0", "epel-10.1", "epel-10.10", "fedora-1", "fedora-007", "fedora-07", "fedora-7", "fedora-8", "fedora-10", "fedora-25", "fedora-eln", "fedora-rawhide"}
	var all []mirror.Release
	for _, s := range want {
		all = append(all, release(t, s))
	}
	slices.Reverse(all)
	slices.SortFunc(all, mirror.Release.Compare)
	for i, r := range all {
		if r.String() != want[i] {
			t.Fatalf("%v, want %v", all, want)
		}
		if i > 0 && all[i-1].Compare(r) >= 0 {
			t.Errorf("%s is not before %s", all[i-1], r)
		}
	}
}

func TestReleaseAsText(t *testing.T) {
	in := map[mirror.Release][]mirror.Release{{Product: "el", Version: "5"}: {{}, {Product: "fedora", Version: "25"}}}
	raw, err := json.Marshal(in)
	if err != nil || string(raw) != `{"el-5":["","fedora-25"]}` {
		t.Fatalf("%s, %v", raw, err)
	}
	var out map[mirror.Release][]mirror.Release
	if err := json.Unmarshal(raw, &out); err != nil || !slices.Equal(out[release(t, "el-5")], in[release(t, "el-5")]) {
		t.Errorf("%v, %v", out, err)
	}
}

func TestStates(t *testing.T) {
	for state, want := range map[mirror.State]bool{"": false, mirror.Active: false, mirror.Archiving: false, mirror.Archived: true, mirror.Pruned: true, mirror.Restoring: true} {
		if state.FromArchive() != want {
			t.Errorf("%q from the archive: %v", state, !want)
		}
	}
	var none *mirror.Document
	if none.State(release(t, "el-5")) != mirror.Active || none.Sorted() != nil || none.With(release(t, "el-5"), nil).Generation != 1 {
		t.Error("no document is not the empty one")
	}
}

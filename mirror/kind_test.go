package mirror_test

import (
	"testing"

	"mirrorctl/mirror"
)

func TestKindOf(t *testing.T) {
	const sum = "0b1c3a0b1c3a0b1c3a0b1c3a0b1c3a0b1c3a0b1c3a0b1c3a0b1c3a0b1c3a0b1c"
	tests := map[string]mirror.Kind{
		"a/repodata/repomd.xml":                                 mirror.KindRepomd,
		"repodata/repomd.xml":                                   mirror.KindRepomd,
		"a/repomd.xml":                                          mirror.KindOther,
		"a/repodata/repomd.xml.asc":                             mirror.KindSignature,
		"a/repodata/repomd.xml.key":                             mirror.KindSignature,
		"a/repodata/primary.xml.gz":                             mirror.KindPrimary, // EL-5
		"a/repodata/" + sum + "-primary.xml.zst":                mirror.KindPrimary,
		"a/repodata/" + sum[:32] + "-filelists.xml.gz":          mirror.KindFilelists, // md5
		"a/repodata/" + sum[:40] + "-other.xml.gz":              mirror.KindOtherdata, // sha1
		"a/repodata/" + sum + "-primary.sqlite.bz2":             mirror.KindSqlite,
		"a/repodata/" + sum + "-primary.xml.zck":                mirror.KindZchunk,
		"a/repodata/" + sum + "-comps-Everything.x86_64.xml.xz": mirror.KindComps,
		"a/repodata/comps.xml":                                  mirror.KindComps,
		"a/repodata/" + sum + "-group.xml.gz":                   mirror.KindComps,
		"a/repodata/" + sum + "-updateinfo.xml.bz2":             mirror.KindUpdateinfo,
		"a/repodata/" + sum + "-modules.yaml.gz":                mirror.KindModules,
		"a/repodata/" + sum + "-prestodelta.xml.xz":             mirror.KindPrestodelta,
		"a/repodata/productid":                                  mirror.KindMetadata,
		"a/repodata/filelists-ext.xml.gz":                       mirror.KindMetadata,
		"a/Packages/x-1-1.noarch.rpm":                           mirror.KindPackage,
		"a/SRPMS/x-1-1.src.rpm":                                 mirror.KindSource,
		"a/SRPMS/x-1-1.nosrc.rpm":                               mirror.KindSource,
		"a/drpms/x-1-1_1-2.x86_64.drpm":                         mirror.KindDelta,
		"a/iso/x.iso":                                           mirror.KindISO,
		"a/os/.treeinfo":                                        mirror.KindTreeinfo,
		"a/iso/Fedora-42-x86_64-CHECKSUM":                       mirror.KindChecksum,
		"a/iso/SHA256SUM":                                       mirror.KindChecksum,
		"a/iso/SHA256SUMS":                                      mirror.KindChecksum,
		"a/iso/x.iso.asc":                                       mirror.KindSignature,
		"a/images/pxeboot/vmlinuz":                              mirror.KindImage,
		"a/isolinux/isolinux.bin":                               mirror.KindImage,
		"a/README":                                              mirror.KindOther,
		"":                                                      mirror.KindOther,
	}
	for p, want := range tests {
		if got := mirror.KindOf(mirror.Path(p)); got != want {
			t.Errorf("%s: %s, want %s", p, got, want)
		}
	}
}

func TestKindNames(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range mirror.Kinds() {
		if k.String() == "" || seen[k.String()] {
			t.Errorf("kind %d is called %q", k, k)
		}
		seen[k.String()] = true
	}
	if mirror.Kind(200).String() != "other" {
		t.Error("a kind outside the set has a name of its own")
	}
}

package demo

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"path"
	"slices"
	"strings"

	"mirrorctl/repomd"
)

// header writes the header: what rpmbuild 4.18 would say of the same package.
func (p *pkg) header(payload []byte) []byte {
	var h header
	size := uint32(0)
	for _, f := range p.files {
		size += uint32(len(f.data))
	}
	h.texts(100, []string{"C"})
	h.text(1000, p.name)
	h.text(1001, p.version)
	h.text(1002, p.release)
	h.translated(1004, p.summary)
	h.translated(1005, p.description)
	h.int32s(1006, uint32(p.built.Unix()))
	h.text(1007, "builder.demo.invalid")
	h.int32s(1009, size)
	h.text(1011, "RPM Fusion (demo)")
	h.text(1014, p.license)
	h.text(1015, "RPM Fusion (demo)")
	h.translated(1016, p.group)
	h.text(1020, p.url)
	h.text(1021, "linux")
	h.text(1022, p.arch)
	h.text(1044, p.srpm)
	h.text(1064, "4.18.0")
	h.text(1124, "cpio")
	h.text(1125, map[repomd.Format]string{repomd.Gzip: "gzip", repomd.Zstd: "zstd"}[p.format])
	h.text(1126, map[repomd.Format]string{repomd.Gzip: "9", repomd.Zstd: "19"}[p.format])
	if p.source {
		h.int32s(1106, 1)
	}
	sum := sha256.Sum256(payload)
	h.texts(5092, []string{hex.EncodeToString(sum[:])})
	h.int32s(5093, 8)
	p.addFiles(&h)
	p.addDependencies(&h)
	p.addChanges(&h)
	return h.marshal(regionHeader)
}

func (p *pkg) addFiles(h *header) {
	n := len(p.files)
	if n == 0 {
		return
	}
	var sizes, mtimes, flags, verify, devices, inodes, at []uint32
	var modes, rdevs []uint16
	var digests, links, owners, langs, bases, dirs []string
	for i, f := range p.files {
		dir, base := path.Split(f.path)
		d := slices.Index(dirs, dir)
		if d < 0 {
			d, dirs = len(dirs), append(dirs, dir)
		}
		digest, link, flag := "", "", uint32(0)
		switch f.mode & 0o170000 {
		case 0o100000:
			digest = p.digest(f.data)
		case 0o120000:
			link = string(f.data)
		}
		if f.doc {
			flag = 1 << 1
		}
		at, bases = append(at, uint32(d)), append(bases, base)
		sizes, mtimes = append(sizes, uint32(len(f.data))), append(mtimes, uint32(p.built.Unix()))
		modes, rdevs = append(modes, f.mode), append(rdevs, 0)
		flags, verify = append(flags, flag), append(verify, 1<<32-1)
		devices, inodes = append(devices, 1), append(inodes, uint32(i+1))
		digests, links = append(digests, digest), append(links, link)
		owners, langs = append(owners, "root"), append(langs, "")
	}
	h.int32s(1028, sizes...)
	h.int16s(1030, modes...)
	h.int16s(1033, rdevs...)
	h.int32s(1034, mtimes...)
	h.texts(1035, digests)
	h.texts(1036, links)
	h.int32s(1037, flags...)
	h.texts(1039, owners)
	h.texts(1040, owners) // groups
	h.int32s(1045, verify...)
	h.int32s(1095, devices...)
	h.int32s(1096, inodes...)
	h.texts(1097, langs)
	h.int32s(1116, at...)
	h.texts(1117, bases)
	h.texts(1118, dirs)
	h.int32s(5011, map[bool]uint32{false: 8, true: 1}[p.md5])
}

func (p *pkg) digest(data []byte) string {
	if p.md5 {
		sum := md5.Sum(data)
		return hex.EncodeToString(sum[:])
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func (p *pkg) addDependencies(h *header) {
	needs := slices.Clone(p.requires)
	lib := func(feature, version string) {
		needs = append(needs, dependency{"rpmlib(" + feature + ")", senseRPMLib | senseLess | senseEqual, version})
	}
	lib("CompressedFileNames", "3.0.4-1")
	lib("PayloadFilesHavePrefix", "4.0-1")
	if !p.md5 {
		lib("FileDigests", "4.6.0-1")
	}
	if p.format == repomd.Zstd {
		lib("PayloadIsZstd", "5.4.18-1")
	}
	if strings.Contains(p.version, "~") {
		lib("TildeInVersions", "4.10.0-1")
	}
	if strings.Contains(p.version, "^") {
		lib("CaretInVersions", "4.15.0-1")
	}
	add := func(list []dependency, name, flags, version uint32) {
		var names, versions []string
		var bits []uint32
		for _, d := range list {
			names, versions, bits = append(names, d.name), append(versions, d.version), append(bits, d.flags)
		}
		h.texts(name, names)
		h.int32s(flags, bits...)
		h.texts(version, versions)
	}
	add(p.provides, 1047, 1112, 1113)
	add(needs, 1049, 1048, 1050)
}

func (p *pkg) addChanges(h *header) {
	var times []uint32
	var names, texts []string
	for _, c := range p.changes {
		times, names, texts = append(times, uint32(c.when.Unix())), append(names, c.author), append(texts, c.text)
	}
	h.int32s(1080, times...)
	h.texts(1081, names)
	h.texts(1082, texts)
}

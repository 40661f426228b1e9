package fit

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"mirrorctl/copr"
)

// enterprise are the distributions that number their releases as RHEL does, and build what EPEL builds.
var enterprise = []string{"epel", "rhel", "centos-stream", "centos", "rocky", "almalinux", "ol"}

// glibcOfEL is the version of the C library by release of EL.
var glibcOfEL = map[int]string{6: "2.12", 7: "2.17", 8: "2.28", 9: "2.34", 10: "2.39"}

// Fedora's releases come twice a year, each with a C library of its own: 2.35 in 36, 2.36 in 37 …
const (
	firstFedora      = 36
	lastFedora       = 44
	glibcFirstFedora = 35 // 2.35
)

// Profile is how packages for a target (epel-9, fedora-44) are written unless a project says otherwise. ok is false for a
// target that is not known: nothing is known to be wrong for it either, which is not enough to publish.
func Profile(target string) (p copr.Profile, ok bool) {
	if n := releaseOfEL(target); n > 0 {
		return ofEL(n), true
	}
	if version, ok := strings.CutPrefix(target, "fedora-"); ok {
		return ofFedora(version)
	}
	return copr.Profile{}, false
}

// releaseOfEL is the release of EL that a target is, or is made for; 0 for any other.
func releaseOfEL(target string) int {
	i := strings.LastIndexByte(target, '-')
	if i < 0 || !slices.Contains(enterprise, target[:i]) {
		return 0
	}
	major, _, _ := strings.Cut(target[i+1:], ".")
	if n, err := strconv.Atoi(major); err == nil && glibcOfEL[n] != "" {
		return n
	}
	return 0
}

// macros are those of every target: the format that all of them read, and what makes equal sources equal packages.
func macros(payload string) map[string]string {
	return map[string]string{
		"_rpmformat":                         "4",
		"_binary_payload":                    payload,
		"_source_payload":                    payload,
		"_binary_filedigest_algorithm":       "8", // SHA-256
		"_source_filedigest_algorithm":       "8",
		"_buildhost":                         "mirrorctl",
		"use_source_date_epoch_as_buildtime": "1",
		"clamp_mtime_to_source_date_epoch":   "1",
	}
}

func ofEL(n int) copr.Profile {
	payload := "w9.gzdio"
	if n >= 8 {
		payload = "w6.xzdio"
	}
	p := copr.Profile{Macros: macros(payload), GLIBC: glibcOfEL[n], Compression: "gz", Hash: "sha256"}
	p.Macros["dist"], p.Macros["rhel"] = fmt.Sprintf(".el%d", n), strconv.Itoa(n)
	return p
}

// rawhide moves on: it is the release to come, and its C library has no version that could be written down here.
func ofFedora(version string) (copr.Profile, bool) {
	n, err := strconv.Atoi(version)
	if version == "rawhide" {
		n, err = lastFedora+1, nil
	} else if err != nil || n < firstFedora || n > lastFedora {
		return copr.Profile{}, false
	}
	p := copr.Profile{Macros: macros("w19.zstdio"), Compression: "gz", Hash: "sha256"}
	p.Macros["dist"], p.Macros["fedora"] = fmt.Sprintf(".fc%d", n), strconv.Itoa(n)
	if n <= lastFedora {
		p.GLIBC = fmt.Sprintf("2.%d", glibcFirstFedora+n-firstFedora)
	}
	if n >= 42 { // as Fedora's own
		p.Compression = "zst"
	}
	return p, true
}

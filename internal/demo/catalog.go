package demo

// component is what one source package makes.
type component struct {
	flavor   string // free or nonfree
	name     string
	versions [eras]string // "" where that time did not have it; "release" is the distribution's number
	license  string
	url      string
	summary  string
	binaries []subpackage
	updated  bool // there is an update
	testing  bool // there is another one in updates-testing
}

// subpackage is one binary package.
type subpackage struct {
	suffix   string // behind the component's name
	summary  string
	kind     kind
	requires []string // names of binary packages of the same flavor and distribution; left out where that time lacks them
	kib      int      // of content that does not compress
}

// kind says which files a binary package has, and whether it depends on the architecture.
type kind int

const (
	kindProgram kind = iota // /usr/bin
	kindLibrary             // libdir, provides a soname
	kindHeaders             // /usr/include
	kindData                // /usr/share; noarch
	kindRepos               // .repo files and keys; noarch
)

func (k kind) noarch() bool { return k == kindData || k == kindRepos }

// catalog is the site's packages: names and dependencies as RPM Fusion has them, content as random as a
// codec's. Whatever a package requires is in the catalog, so that it installs into an empty root.
var catalog = []component{
	{
		flavor: "free", name: "rpmfusion-free-release", versions: [eras]string{"release", "release", "release"}, license: "BSD",
		url: "https://rpmfusion.org/", summary: "RPM Fusion (free) repository configuration",
		binaries: []subpackage{{kind: kindRepos}},
	}, {
		flavor: "nonfree", name: "rpmfusion-nonfree-release", versions: [eras]string{"release", "release", "release"}, license: "BSD",
		url: "https://rpmfusion.org/", summary: "RPM Fusion (nonfree) repository configuration",
		binaries: []subpackage{{kind: kindRepos}},
	}, {
		flavor: "free", name: "ffmpeg", versions: [eras]string{"0.4.9", "3.1.5", "7.1.2"}, license: "GPLv2+",
		url: "https://ffmpeg.org/", summary: "Digital VCR and streaming server", updated: true, testing: true,
		binaries: []subpackage{
			{requires: []string{"ffmpeg-libs"}, kib: 24},
			{suffix: "-libs", summary: "Libraries for ffmpeg", kind: kindLibrary, requires: []string{"x264-libs", "x265-libs", "faad2-libs"}, kib: 160},
			{suffix: "-devel", summary: "Development package for ffmpeg", kind: kindHeaders, requires: []string{"ffmpeg-libs"}, kib: 12},
		},
	}, {
		flavor: "free", name: "x264", versions: [eras]string{"0.0.0", "0.148", "0.164"}, license: "GPLv2+",
		url: "https://www.videolan.org/developers/x264.html", summary: "H264/AVC video streams encoder",
		binaries: []subpackage{
			{requires: []string{"x264-libs"}, kib: 16},
			{suffix: "-libs", summary: "Library for encoding H264/AVC video streams", kind: kindLibrary, kib: 60},
		},
	}, {
		flavor: "free", name: "x265", versions: [eras]string{"", "2.1", "4.1"}, license: "GPLv2+ and BSD",
		url: "http://x265.org/", summary: "H.265/HEVC encoder", updated: true,
		binaries: []subpackage{
			{requires: []string{"x265-libs"}, kib: 8},
			{suffix: "-libs", summary: "H.265/HEVC encoder library", kind: kindLibrary, kib: 90},
		},
	}, {
		flavor: "free", name: "faad2", versions: [eras]string{"2.6.1", "2.7", "2.11.1"}, license: "GPLv2+",
		url: "https://www.audiocoding.com/faad2.html", summary: "Library and frontend for decoding MPEG2/4 AAC",
		binaries: []subpackage{
			{requires: []string{"faad2-libs"}, kib: 8},
			{suffix: "-libs", summary: "Shared libraries for faad2", kind: kindLibrary, kib: 32},
		},
	}, {
		flavor: "free", name: "vlc", versions: [eras]string{"0.9.6", "2.2.4", "3.0.21"}, license: "GPLv2+",
		url: "https://www.videolan.org/", summary: "The cross-platform open-source multimedia framework, player and server", updated: true,
		binaries: []subpackage{
			{requires: []string{"vlc-core", "vlc-data"}, kib: 24},
			{suffix: "-core", summary: "VLC media player core", kind: kindLibrary, requires: []string{"ffmpeg-libs"}, kib: 120},
			{suffix: "-data", summary: "Skins and translations of VLC", kind: kindData, kib: 96},
		},
	}, {
		flavor: "free", name: "gstreamer1-plugins-ugly", versions: [eras]string{"", "1.10.0", "1.26.5"}, license: "LGPLv2+ and LGPLv2",
		url: "https://gstreamer.freedesktop.org/", summary: `GStreamer 1.0 streaming media framework "ugly" plug-ins`,
		binaries: []subpackage{{kind: kindLibrary, requires: []string{"x264-libs"}, kib: 40}},
	}, {
		flavor: "free", name: "gstreamer-plugins-ugly", versions: [eras]string{"0.10.9", "", ""}, license: "LGPLv2+",
		url: "https://gstreamer.freedesktop.org/", summary: `GStreamer streaming media framework "ugly" plug-ins`, updated: true,
		binaries: []subpackage{{kind: kindLibrary, kib: 32}},
	}, {
		flavor: "free", name: "mpv", versions: [eras]string{"", "0.21.0", "0.40.0"}, license: "GPLv2+ and LGPLv2+",
		url: "https://mpv.io/", summary: "Movie player playing most video formats and DVDs", updated: true, testing: true,
		binaries: []subpackage{{requires: []string{"ffmpeg-libs"}, kib: 48}},
	}, {
		flavor: "free", name: "mplayer", versions: [eras]string{"1.0", "1.3.0", "1.5.1~rc1"}, license: "GPLv3+",
		url: "http://www.mplayerhq.hu/", summary: "Movie player playing most video formats and DVDs",
		binaries: []subpackage{
			{requires: []string{"mplayer-common", "faad2-libs"}, kib: 64},
			{suffix: "-common", summary: "MPlayer common files", kind: kindData, kib: 16},
		},
	}, {
		flavor: "free", name: "rpmfusion-free-appstream-data", versions: [eras]string{"", "release", "release"}, license: "CC0",
		url: "https://rpmfusion.org/", summary: "Appstream metadata for the RPM Fusion free repository", updated: true,
		binaries: []subpackage{{kind: kindData, kib: 64}},
	}, {
		flavor: "nonfree", name: "unrar", versions: [eras]string{"3.7.8", "5.4.5", "7.1.10"}, license: "Freeware with further limitations",
		url: "https://www.rarlab.com/rar_add.htm", summary: "Utility for extracting, testing and viewing RAR archives", updated: true,
		binaries: []subpackage{{requires: []string{"libunrar"}, kib: 24}},
	}, {
		flavor: "nonfree", name: "libunrar", versions: [eras]string{"3.7.8", "5.4.5", "7.1.10"}, license: "Freeware with further limitations",
		url: "https://www.rarlab.com/rar_add.htm", summary: "Decompress library for RAR v3 archives",
		binaries: []subpackage{{kind: kindLibrary, kib: 24}},
	}, {
		flavor: "nonfree", name: "steam", versions: [eras]string{"", "1.0.0.54", "1.0.0.83"}, license: "Steam License Agreement and MIT",
		url: "http://www.steampowered.com/", summary: "Installer for the Steam software distribution service", testing: true,
		binaries: []subpackage{{requires: []string{"lib++x"}, kib: 80}, {suffix: "-devices", summary: "udev rules for controllers", kind: kindData, kib: 4}},
	}, {
		// Every client spells this one's name in another way.
		flavor: "nonfree", name: "lib++x", versions: [eras]string{"1.0", "1.0~rc1^git1", "1.0~rc1^git1"}, license: "Redistributable, no modification permitted",
		url: "https://example.org/?project=lib%2B%2Bx&lang=c++", summary: "A library whose name needs escaping: & < > \"", updated: true,
		binaries: []subpackage{{kind: kindLibrary, kib: 16}},
	}, {
		flavor: "nonfree", name: "xorg-x11-drv-nvidia", versions: [eras]string{"177.82", "375.10", "580.95.05"}, license: "Redistributable, no modification permitted",
		url: "https://www.nvidia.com/", summary: "NVIDIA's proprietary display driver for NVIDIA graphic cards", updated: true,
		binaries: []subpackage{
			{requires: []string{"xorg-x11-drv-nvidia-libs"}, kib: 40},
			{suffix: "-libs", summary: "Libraries for xorg-x11-drv-nvidia", kind: kindLibrary, kib: 140},
		},
	},
}

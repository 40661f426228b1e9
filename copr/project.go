package copr

import "time"

// Project is what is declared in one file of copr.d, after Parse has checked it and filled in the defaults.
type Project struct {
	Name         ProjectName
	Description  string
	Instructions string
	Chroots      []Chroot // sorted
	Packages     []Package
	Publish      Publish
	// ModuleHotfixes is written into the .repo of EL 8 and 9: modular filtering would hide the packages. Default true.
	ModuleHotfixes bool
	// RepoGPGCheck is written into the .repo. Default true: repomd.xml is signed.
	RepoGPGCheck bool
	// Profiles override what is built in, by target (epel-9).
	Profiles map[string]Profile
}

// Publish says when packages are published and how long they are kept.
type Publish struct {
	// AllOrNothing publishes a build only when all of its chroots have succeeded.
	AllOrNothing bool
	// Keep is how many builds of a package each chroot keeps; 0 keeps all. Default 3.
	Keep int
	// PromoteAfter moves a build from testing to stable when it has been there so long and every chroot passed; 0: by hand.
	PromoteAfter time.Duration
}

// Package is a package of a project.
type Package struct {
	Name    string
	Spec    string   // file, relative to the declaration
	Sources []Source // of the current version, %{version} filled in by Version
	Extra   []string // files beside the spec that go into the source package
	Version string   // what is built when none is asked for
	Watch   Watch    // where new versions show
	Gate    string   // criu, install, none. Default install
	Script  string   // file of the package's own gate script, relative to the declaration
	Allowed Allowed  // skips of the gate
	Channel Channel  // where builds are published first. Default testing
	Twice   bool     // build twice and compare. Default true
	Timeout time.Duration
	Exclude []Exclude         // chroots that it does not build for, and why
	SetID   map[string]string // files that may be setuid, setgid or have capabilities, by path, and why
}

// Source is one upstream file.
type Source struct {
	// URL is http, https or file; {version} stands for the version.
	URL string `json:"url"`
	// SHA256 pins it, by version; a version that a watcher found gets its own on first sight, which is recorded.
	SHA256 string `json:"sha256,omitempty"`
	// Name is the file's name in the source package. Default the last element of URL.
	Name string `json:"name,omitempty"`
}

// Exclude names chroots (with * for all architectures, or for all targets) that a package does not build for.
type Exclude struct {
	Chroots []string
	Reason  string
}

// Watch is where upstream announces versions; at most one of the first three is set.
type Watch struct {
	GitHub    string // owner/name: its releases
	Anitya    string // number of a project of release-monitoring.org
	Directory string // watched for files that match Pattern
	Pattern   string // criu-{version}.tar.xz
	Every     time.Duration
}

// Package config reads the configuration of a site: one YAML file, small by
// default. Every key can also be given as an environment variable
// (archive.store as MIRRORCTL_ARCHIVE_STORE), which wins over the file.
//
// It promises that what Load returns is complete and checked: defaults filled in,
// paths absolute, URLs parsed, no unknown key. It opens nothing that the
// configuration names: whether a root exists is for its user to find out.
package config

import (
	"net/netip"
	"net/url"
	"time"

	"mirrorctl/mirror"
)

// Config is the configuration of one site.
type Config struct {
	// File is where this was read from; "" for defaults alone.
	File string `yaml:"-"`

	// Root is the directory that holds the active trees. Required; it is never created.
	Root string `yaml:"root"`

	// Listen is the public address, host:port. Default ":8080".
	Listen string `yaml:"listen"`

	// AdminListen is the address of /metrics and /debug/pprof. Default "127.0.0.1:9190"; it must never be
	// public, since profiles show what clients ask for. Empty: no admin listener.
	AdminListen string `yaml:"admin_listen"`

	// PublicURL is what clients call this server. Lists, metalinks and redirects are built from
	// it alone, never from a Host header. Required by serve.
	PublicURL URL `yaml:"public_url"`

	// State is the directory of the state document, jobs, locks and caches. Default
	// /var/lib/mirrorctl. It must not lie on a network file system without flock.
	State string `yaml:"state"`

	// Layout is what maps paths to releases and repositories: rpmfusion, fedora, epel, centos, copr or flat, or a
	// list of rules. Default flat.
	Layout Layout `yaml:"layout"`

	// Archive says where archived releases live.
	Archive Archive `yaml:"archive"`

	// Releases are end-of-life dates that override the built-in calendar: {release: el-7, eol: 2028-06-30}, or
	// eol: never. `mirrorctl releases set` edits them.
	Releases []mirror.Override `yaml:"releases"`

	// Metadata is the cache of repository metadata.
	Metadata Metadata `yaml:"metadata"`

	// Lists changes what /mirrorlist and /metalink answer.
	Lists Lists `yaml:"lists"`

	// TrustedProxies are the networks whose X-Forwarded-For and X-Forwarded-Proto are believed.
	// Default none: anyone can send those headers.
	TrustedProxies []netip.Prefix `yaml:"trusted_proxies"`

	// AccessLog is the log of requests.
	AccessLog AccessLog `yaml:"access_log"`

	// Copr is the hub that rebuilds packages. Without copr.projects there is none.
	Copr Copr `yaml:"copr"`

	// Drain is how long a stopping server waits for its connections to finish. Default 30s.
	Drain Duration `yaml:"drain"`

	calendar *mirror.Calendar
}

// Calendar is the built-in calendar with Releases in force.
func (c *Config) Calendar() *mirror.Calendar { return c.calendar }

// Archive is the configuration of the archive.
type Archive struct {
	// Store is a directory, absolute or relative to the configuration file. Required by archive.
	Store string `yaml:"store"`

	// URL is where clients of archived releases are sent. Default: this server, under archive/.
	URL URL `yaml:"url"`

	// Grace is how long an archived release stays in the root before prune may move it out.
	// Default 14d: downstream mirrors need the time to follow.
	Grace Duration `yaml:"grace"`

	// Quiet is how long no request may have been answered from the root before prune. Default 10m.
	Quiet Duration `yaml:"quiet"`

	// Retention is how long pruned trees stay in the trash before they are purged. Default 7d.
	Retention Duration `yaml:"retention"`

	// BandwidthLimit is how fast files are copied at most, in bytes a second, such as 20MiB. Default 0: no limit.
	BandwidthLimit Size `yaml:"bwlimit"`
}

// Metadata is the configuration of the metadata cache.
type Metadata struct {
	// Memory is the byte budget; what does not fit is read from disk. Default 256MiB.
	Memory Size `yaml:"memory"`

	// Keep is how long a replaced generation stays served. Default 4d: yum asks for files of a
	// repomd.xml that is 6 hours old, dnf 48.
	Keep Duration `yaml:"keep"`

	// Refresh is how often each repomd.xml is looked at. Default 1s.
	Refresh Duration `yaml:"refresh"`

	// Rescan is how often the root is searched for new repositories. Default 5m.
	Rescan Duration `yaml:"rescan"`
}

// Lists is the configuration of mirrorlist and metalink answers.
type Lists struct {
	// UnknownStatus is the status for an unknown repo= and arch=. Default 200: librepo repeats
	// any 4xx twelve times. 404 is what mirrorlist-server sends.
	UnknownStatus int `yaml:"unknown_repo_status"`

	// Disabled are the names of repositories that answer "repo disabled".
	Disabled []string `yaml:"disabled"`
}

// AccessLog is the configuration of the request log.
type AccessLog struct {
	// File is what lines are appended to; it is reopened on SIGHUP. "-" is standard output. Default: no access log.
	File string `yaml:"file"`

	// Format is how a line is written: combined, or json with Caddy's key names. Default combined.
	Format string `yaml:"format"`
}

// Default is the configuration before any file is read.
func Default() *Config {
	return &Config{
		Listen:      ":8080",
		AdminListen: "127.0.0.1:9190",
		State:       "/var/lib/mirrorctl",
		Layout:      Layout{Name: "flat"},
		Archive: Archive{
			Grace:     Duration(14 * 24 * time.Hour),
			Quiet:     Duration(10 * time.Minute),
			Retention: Duration(7 * 24 * time.Hour),
		},
		Metadata: Metadata{
			Memory:  256 << 20,
			Keep:    Duration(4 * 24 * time.Hour),
			Refresh: Duration(time.Second),
			Rescan:  Duration(5 * time.Minute),
		},
		Lists:     Lists{UnknownStatus: 200},
		Copr:      Copr{Builder: "rpmbuild", Builders: 1, Timeout: Duration(2 * time.Hour)},
		AccessLog: AccessLog{Format: "combined"},
		Drain:     Duration(30 * time.Second),
	}
}

// ArchiveURL is Archive.URL, or its default below PublicURL.
func (c *Config) ArchiveURL() *url.URL {
	if c.Archive.URL.IsZero() {
		return c.PublicURL.URL().JoinPath("archive/")
	}
	return c.Archive.URL.URL()
}

// ServesArchive reports whether clients of archived releases are sent to this server.
func (c *Config) ServesArchive() bool {
	archive, public := c.ArchiveURL(), c.PublicURL.URL()
	return archive.Host == public.Host
}

package metric

// What the HTTP edge counts.
var (
	HTTPRequests = counter("http_requests_total",
		"Requests answered, by part of the site, kind of file, status code and what the memory of metadata did",
		"site", "kind", "code", "cache")
	HTTPResponseBytes = counter("http_response_bytes_total",
		"Bytes of response bodies sent, with the labels of the requests",
		"site", "kind", "code", "cache")
	HTTPDuration = histogram("http_request_duration_seconds",
		"Time from the request's header to the last byte of the answer", DurationBuckets, "site", "kind")
	HTTPInFlight    = gauge("http_requests_in_flight", "Requests being answered now")
	HTTPConnections = gauge("http_connections", "Open client connections")
	HTTPErrors      = counter("http_errors_total", "Requests that ended in an error, by reason", "reason")
	HTTPPanics      = counter("http_panics_total", "Handlers that panicked; each is a bug, its stack is in the log")

	ClientRequests = counter("client_requests_total",
		"Requests by client program, operating system and architecture, as the User-Agent tells them",
		"client", "os", "arch")
	AccessLogShed = counter("access_log_lines_shed_total",
		"Lines of the access log that were dropped because the disk could not keep up")
)

// What is known of releases and their repositories.
var (
	ReleaseRequests = counter("release_requests_total",
		"Requests for files of a release, by the state it was in", "release", "state", "kind")
	ReleaseResponseBytes = counter("release_response_bytes_total",
		"Bytes sent for files of a release, by the state it was in", "release", "state", "kind")
	Countme = counter("countme_total",
		"Weekly countme requests of dnf; age is dnf's bucket, 1 for the first week to 4 for over 24 weeks",
		"repo", "arch", "os", "age")
	Lists     = counter("list_answers_total", "Answers to mirrorlist and metalink requests, by how they ended", "list", "outcome")
	Redirects = counter("redirects_total", "Redirects by release and where they led", "release", "result")

	ReleaseInfo     = gauge("release_info", "Always 1; tells the state and end-of-life date of a release", "release", "state", "eol")
	ReleaseBytes    = gauge("release_bytes", "Size of a release's files", "release", "state", "arch")
	ReleaseFiles    = gauge("release_files", "Files of a release", "release", "state", "arch")
	ReleasePackages = gauge("release_packages", "Packages of a release", "release", "state", "arch")

	RepoLastChange = gauge("repo_last_change_timestamp_seconds",
		"When the served generation of a repository was made, from its repomd.xml", "repo", "arch")
	RepoConsistent = gauge("repo_metadata_consistent",
		"1 while what lies on disk is what is served; 0 while a torn or tampered generation is held back", "repo", "arch")
	RepoSwaps    = counter("repo_generation_swaps_total", "Generations of a repository taken into service", "repo", "arch")
	RepoFailures = counter("repo_refresh_failures_total",
		"Refreshes of a repository that failed; the generation before went on being served", "repo", "arch")

	CacheBytes     = gauge("metadata_cache_bytes", "Metadata held in memory")
	CacheEntries   = gauge("metadata_cache_entries", "Files of metadata held in memory")
	CacheEvictions = counter("metadata_cache_evictions_total", "Files of metadata given back to the disk for want of memory")
	CacheCoalesced = counter("metadata_cache_coalesced_total", "Loads that waited for the same load of another request")
	StaleServed    = counter("upstream_stale_served_total", "Answers older than the upstream's, since the upstream did not answer")
)

// What is known of jobs and of the program itself.
var (
	ArchiveJobState = gauge("archive_job_state",
		"1 for the phase in which the newest job of a release is, 0 for its others", "release", "phase")
	ArchiveJobDone = gauge("archive_job_done_bytes", "Bytes that the newest job of a release has dealt with", "release", "phase")
	ArchiveJobSize = gauge("archive_job_size_bytes", "Bytes that the newest job of a release has to deal with", "release", "phase")
	ArchiveSuccess = gauge("archive_last_success_timestamp_seconds", "When an archive job of the release last ended well", "release")

	StateGeneration = gauge("state_document_generation", "Generation of the state document that requests see")
	ReloadOK        = gauge("config_last_reload_successful", "1 when the last reload of the configuration was taken, 0 when it was refused")
	ReloadTime      = gauge("config_last_reload_success_timestamp_seconds", "When a configuration was last taken")
	BuildInfo       = gauge("build_info", "Always 1; tells what was built and by which Go", "version", "revision", "goversion")
)

// What the rebuild hub counts. Projects, packages and chroots are those that are declared.
var (
	CoprBuilds = counter("copr_builds_total",
		"Chroots of builds that have ended, by how", "project", "package", "chroot", "result")
	CoprBuildDuration = histogram("copr_build_duration_seconds",
		"Time from the moment a builder took a chroot's build to its end: built, proven, signed and published, or failed",
		BuildBuckets, "project", "package", "chroot")
	CoprOutdated = gauge("copr_package_outdated",
		"1 while upstream has a newer version than the newest build in the channel; only of packages whose upstream is watched and has answered",
		"project", "package", "channel")
	CoprBuilders = gauge("copr_builders",
		"Builders that wait for tasks of an architecture or work on them; with an external queue, those of this process alone", "arch")
	CoprPending  = gauge("copr_queue_pending", "Chroots of builds that wait for a builder of an architecture", "arch")
	CoprSignerUp = gauge("copr_signer_up", "1 while the process that holds the keys answers")
	CoprWebhooks = counter("copr_webhooks_total",
		"Attempts to deliver an event of a build: delivered, failed and tried again, or dropped after three days or for want of room", "result")
	CoprWebhooksWaiting = gauge("copr_webhooks_waiting", "Events of builds that wait to be delivered")
)

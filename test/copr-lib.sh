# shellcheck shell=bash
# What the demonstrations of the rebuild hub have in common: a hub with CRIU's declaration, and a client with dnf and its copr
# plugin. To be sourced, with these set: dir, an absolute path; hub, its URL; port; name, of whoever sources it.

step() { printf '\n── %d s  %s\n' "$SECONDS" "$*"; }
die() {
	echo "$name: $*" >&2
	exit 1
}
ctl() { bin/mirrorctl --config "$dir/mirrorctl.yaml" copr "$@"; }

# configure DECLARATION LINE…: a site with one project. The lines go into the hub's configuration.
configure() {
	local declaration=$1 private
	shift
	mkdir -p "$dir"/{pub,state,copr.d}
	# Where Debian's archive is a mirror in a private network, the hub is told that it is meant.
	private=$(getent ahostsv4 deb.debian.org | cut -d' ' -f1 | sort -u | sed 's#$#/32#' | paste -sd,)
	cat >"$dir/mirrorctl.yaml" <<-YAML
		root: pub
		state: state
		listen: 127.0.0.1:$port
		admin_listen: ""
		public_url: $hub/
		layout: copr
		copr:
		  projects: copr.d
		  allow_private: [$private]
	YAML
	if (($#)); then printf '  %s\n' "$@" >>"$dir/mirrorctl.yaml"; fi
	rm -rf "$dir/copr.d/criu"
	cp -r copr/packages/criu "$dir/copr.d/"
	cat "$declaration" >"$dir/copr.d/criu.yaml"
}

# serve starts the hub, which ends when the script does, and waits until it answers.
serve() {
	bin/mirrorctl --config "$dir/mirrorctl.yaml" serve --log-level warn &
	server=$!
	trap 'kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true' EXIT
	for ((i = 0; i < 300; i++)); do
		if curl -sf -o /dev/null "$hub/readyz" && ctl project list >/dev/null 2>&1; then return; fi
		kill -0 "$server" 2>/dev/null || die "the service ended"
		sleep 0.1
	done
	die "the service does not answer"
}

# stand_in PACKAGE…: a repository that provides what the distributions would.
stand_in() {
	mkdir -p "$dir"/client/{repos,stand-in}
	rpm -qp --nosignature --requires "$@" | grep -v '^rpmlib\|^criu\|^python3-criu\|^crit' | cut -d' ' -f1 | sort -u >"$dir/client/requires"
	{
		printf 'Name: stand-in\nVersion: 1\nRelease: 1\nSummary: What a distribution would bring\nLicense: MIT\nBuildArch: noarch\n'
		sed 's/^/Provides: /' "$dir/client/requires"
		printf '%%description\nIt holds nothing.\n%%files\n'
	} >"$dir/client/stand-in.spec"
	rpmbuild -bb --quiet --define "_rpmdir $dir/client/stand-in" "$dir/client/stand-in.spec" >/dev/null 2>&1
	createrepo_c -q "$dir/client/stand-in"
	printf '[stand-in]\nname=stand-in\nbaseurl=file://%s\ngpgcheck=0\n' "$dir/client/stand-in" >"$dir/client/repos/stand-in.repo"
}

# client_of DISTRIBUTION RELEASE: configuration of dnf and of its plugin, to which all that is not Fedora is EL.
client_of() {
	mkdir -p "$dir"/client/{repos,plugins/copr.d}
	printf '[main]\ndistribution = %s\nreleasever = %s\n' "$1" "$2" >"$dir/client/plugins/copr.conf"
	printf '[hub]\nhostname = 127.0.0.1\nprotocol = http\nport = %s\n' "$port" >"$dir/client/plugins/copr.d/hub.conf"
	printf '[main]\ngpgcheck=1\ncachedir=%s\nlogdir=%s\npersistdir=%s\nreposdir=%s\npluginconfpath=%s\n' \
		"$dir/client/cache" "$dir/client/log" "$dir/client/persist" "$dir/client/repos" "$dir/client/plugins" >"$dir/client/dnf.conf"
}
client() { LC_ALL=C dnf -y -c "$dir/client/dnf.conf" --disableplugin='*' --enableplugin=copr "$@"; }

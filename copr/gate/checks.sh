# The checks of a rebuilt CRIU, run by busybox as the first process of a pid namespace or of a virtual machine.
#
# It tries and it observes; it does not judge. Lines that begin with @@ are for the gate, which knows what a record
# of the counting process must say (see package counter):
#
#	@@ check NAME             a check begins
#	@@ skip REASON            a probe found that it cannot run here
#	@@ fail REASON            a step failed
#	@@ before RECORD          the counting process before its checkpoint
#	@@ dumped RECORD          what it had last said when it was gone
#	@@ after RECORD           what it says, restored
#	@@ note TEXT              goes into the check's reason
#	@@ end                    the check has ended
#	@@ done                   all have
#
# LIMIT is how many seconds a step may take; CHECKS which to run.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
cd /work || exit 1
exec </dev/null

say() { echo "@@ $*"; }
skip() { say skip "$@"; return 1; }

# fail says what failed, and the last errors that criu logged below directory $1.
fail() {
	dir=$1; shift
	say fail "$@: $(cat "$dir"/*.log 2>/dev/null | grep -a Error | grep -av RLIMIT_NOFILE | tail -n 3 | tr '\n\r@' '   ' | cut -c 1-600)"
	return 1
}

# run runs a step within the limit: run DIRECTORY WHAT COMMAND…
run() {
	dir=$1 what=$2; shift 2
	timeout -s KILL "$LIMIT" "$@" >"$dir/out.log" 2>&1 </dev/null
	status=$?
	[ $status = 0 ] && return 0
	[ $status = 137 ] && { fail "$dir" "$what did not end in $LIMIT s"; return 1; }
	fail "$dir" "$what ended with $status"
}

# count starts the counting process; its record is the file $1/record, its pid $pid.
count() {
	dir=$1; shift
	mkdir -p "$dir" && : >"$dir/record"
	setsid /counter "$@" >"$dir/record" 2>&1 10<&- &
	pid=$!
}

# counted waits until the record $1 says another count than $2: it is alive.
counted() {
	i=0
	while [ $i -lt $((LIMIT * 10)) ]; do
		record=$(head -n 1 "$1")
		[ ${#record} = 84 ] && [ "${record%% *}" != "${2%% *}" ] && return 0
		kill -0 "$pid" 2>/dev/null || return 1
		sleep 0.1
		i=$((i + 1))
	done
	return 1
}

# before waits for the counting process of directory $1 to have got going.
before() {
	counted "$1/record" "" && sleep 0.3 && counted "$1/record" "$record" || { fail "$1" "the counting process does not count"; return 1; }
	say before "$record"
}

# dumped says what the process of directory $1 said last, and that it is gone.
dumped() {
	i=0
	while kill -0 "$pid" 2>/dev/null && ! grep -q '^State:.Z' "/proc/$pid/status" 2>/dev/null; do
		[ $i -lt 50 ] || { fail "$1" "the process still runs after its dump"; return 1; }
		sleep 0.1
		i=$((i + 1))
	done
	wait "$pid" 2>/dev/null
	last=$(head -n 1 "$1/record")
	say dumped "$last"
}

# after waits for the restored process of directory $1 to count further.
after() {
	counted "$1/record" "$last" && sleep 0.3 && counted "$1/record" "$record" || { fail "$1" "the restored process does not count"; return 1; }
	say after "$record"
}

restore() { # restore DIRECTORY IMAGES OPTIONS…
	dir=$1 images=$2; shift 2
	run "$dir" "criu restore" criu restore -D "$dir/$images" -d -v2 -o "../restore.log" "$@"
}

dump() { # dump DIRECTORY IMAGES OPTIONS…
	dir=$1 images=$2; shift 2
	mkdir -p "$dir/$images"
	run "$dir" "criu dump" criu dump -t "$pid" -D "$dir/$images" -v2 -o "../dump.log" "$@"
}

# listening waits until something listens on port $1 (hex) of this network namespace.
listening() {
	i=0
	until grep -q ":$1 00000000:0000 0A" /proc/net/tcp /proc/net/tcp6 2>/dev/null; do
		[ $i -lt $((LIMIT * 10)) ] || return 1
		sleep 0.1
		i=$((i + 1))
	done
}

# ended waits for the background process $1 to end by itself.
ended() {
	i=0
	while kill -0 "$1" 2>/dev/null; do
		[ $i -lt $((LIMIT * 10)) ] || { kill -9 "$1"; wait "$1" 2>/dev/null; return 1; }
		sleep 0.1
		i=$((i + 1))
	done
	wait "$1"
}

# --- probes: of the kernel, not of criu ---

# soft_dirty: does the kernel remember which pages were written? Bit 55 of a page's entry says so, once clear_refs has
# made it forget.
soft_dirty() {
	count probe && counted probe/record "" || { skip "the counting process does not count"; return 1; }
	page=$(sed -n 's/^KernelPageSize: *\([0-9]*\) kB/\1/p' "/proc/$pid/smaps" | head -n 1)
	start=$(grep -m 1 'rw-p 00000000 00:00 0 *$' "/proc/$pid/maps" | cut -d - -f 1)
	echo 4 >"/proc/$pid/clear_refs" 2>/dev/null
	sleep 0.5
	dirty=$(dd if="/proc/$pid/pagemap" bs=8 skip=$((0x$start / (page * 1024))) count=$((1024 / page)) 2>/dev/null |
		od -An -v -tx1 -w8 | awk -v byte="$([ "$(uname -m)" = s390x ] && echo 2 || echo 7)" '$byte ~ /^[89abcdef]/ { n++ } END { print n + 0 }')
	kill -9 "$pid"
	wait "$pid" 2>/dev/null
	[ "$dirty" != 0 ]
}

userfault() { [ -e /proc/sys/vm/unprivileged_userfaultfd ] || skip "the kernel has no userfaultfd (CONFIG_USERFAULTFD)"; }

# pipes: may this process make the pipes that CRIU passes pages through when it serves them? It wants 4 MiB.
pipes() {
	capabilities=$(sed -n 's/^CapEff:[^0-9a-f]*//p' /proc/self/status)
	[ $((0x$capabilities >> 24 & 1)) = 1 ] || [ "$(cat /proc/sys/fs/pipe-max-size)" -ge 4194304 ] ||
		skip "pipes may not be made large enough: no CAP_SYS_RESOURCE, and fs.pipe-max-size is $(cat /proc/sys/fs/pipe-max-size)"
}

tracked() {
	[ "$SOFT_DIRTY" = yes ] || skip "the kernel does not track written pages (CONFIG_MEM_SOFT_DIRTY): none showed in pagemap after clear_refs"
}

# --- checks ---

check_version() {
	mkdir -p version
	run version "criu --version" criu --version && say note "$(head -n 1 version/out.log)"
}

check_criu_check() {
	mkdir -p check
	run check "criu check" criu check || say note "$(tail -n 2 check/out.log | tr '\n' ' ')"
}

check_dump_restore() {
	count a && before a && dump a 1 && dumped a && restore a 1 && after a
}

check_page_server() {
	count b && mkdir -p b/1 && before b || return
	criu page-server -D b/1 --address 127.0.0.1 --port 7711 -v2 -o ../server.log >/dev/null 2>&1 </dev/null &
	server=$!
	listening 1E1F || { kill -9 $server 2>/dev/null; fail b "the page server does not listen"; return; }
	mkdir -p b/local
	run b "criu dump" criu dump -t "$pid" -D b/local -v2 -o ../dump.log --page-server --address 127.0.0.1 --port 7711 || { kill -9 $server 2>/dev/null; return; }
	ended $server || { fail b "criu page-server failed"; return; }
	ls b/local/pages-*.img >/dev/null 2>&1 && { fail b "pages were dumped beside the page server"; return; }
	cp b/local/*.img b/1/ && dumped b && restore b 1 && after b
}

check_lazy_pages() {
	userfault && count c && before c && dump c 1 && dumped c || return
	criu lazy-pages -D c/1 -v2 -o ../lazy.log >/dev/null 2>&1 </dev/null &
	lazy=$!
	i=0
	until [ -S c/1/lazy-pages.socket ]; do
		[ $i -lt 100 ] || { kill -9 $lazy 2>/dev/null; fail c "criu lazy-pages made no socket"; return; }
		sleep 0.1
		i=$((i + 1))
	done
	restore c 1 --lazy-pages || { kill -9 $lazy 2>/dev/null; return; }
	after c || { kill -9 $lazy 2>/dev/null; return; }
	ended $lazy || fail c "criu lazy-pages did not end well"
}

# lazy_remote DIRECTORY IMAGES OPTIONS…: dump, leaving the pages with the dumper, and fetch them over the network.
lazy_remote() {
	d=$1 images=$2; shift 2
	mkdir -p "$d/$images"
	criu dump -t "$pid" -D "$d/$images" -v2 -o ../dump.log --lazy-pages --address 127.0.0.1 --port 7712 "$@" >/dev/null 2>&1 </dev/null &
	dumper=$!
	listening 1E20 || { kill -9 $dumper 2>/dev/null; fail "$d" "criu dump --lazy-pages does not listen"; return; }
	last=$(head -n 1 "$d/record")
	say dumped "$last"
	# The process to come has the pid of the one that is, whose pages are still with it: a pid namespace of its own, as on
	# another machine.
	LAZY=$d IMAGES=$images timeout -s KILL "$LIMIT" unshare -p -m -f --mount-proc sh -c '
		criu lazy-pages --page-server --address 127.0.0.1 --port 7712 -D "$LAZY/$IMAGES" -v2 -o ../lazy.log >/dev/null 2>&1 </dev/null &
		lazy=$!
		i=0
		until [ -S "$LAZY/$IMAGES/lazy-pages.socket" ] || [ $i = 100 ]; do sleep 0.1; i=$((i + 1)); done
		criu restore --lazy-pages -D "$LAZY/$IMAGES" -d -v2 -o ../restore.log >/dev/null 2>&1 </dev/null || exit 1
		wait $lazy || exit 2
		was=$(head -n 1 "$LAZY/record"); i=0
		while [ "$(head -n 1 "$LAZY/record")" = "$was" ] && [ $i -lt 100 ]; do sleep 0.1; i=$((i + 1)); done
		exit 0'
	status=$?
	[ $status = 0 ] || { kill -9 $dumper 2>/dev/null; fail "$d" "restore from a distance ended with $status"; return; }
	ended $dumper || { fail "$d" "criu dump --lazy-pages did not end well"; return; }
	record=$(head -n 1 "$d/record")
	say after "$record"
}

check_lazy_remote() { userfault && pipes && count d && before d && lazy_remote d 1; }

# precopy DIRECTORY: pre-dumps until 70 of 100 pages did not change, ten times at the most; leaves the number in $n.
precopy() {
	n=0 first=0
	while [ $n -lt 10 ]; do
		n=$((n + 1))
		mkdir -p "$1/$n"
		previous=
		[ $n -gt 1 ] && previous="--prev-images-dir ../$((n - 1))"
		run "$1" "criu pre-dump $n" criu pre-dump -t "$pid" -D "$1/$n" -v2 -o "../predump$n.log" --track-mem $previous || return
		kill -0 "$pid" 2>/dev/null || { fail "$1" "the process is gone after a pre-dump"; return; }
		size=$(cat "$1/$n"/pages-*.img | wc -c)
		[ $n = 1 ] && first=$size
		[ $n -gt 1 ] && [ $((size * 10)) -le $((first * 3)) ] && break
		sleep 0.2
	done
	say note "$n pre-dumps: $first bytes, then $size"
	[ $n -gt 1 ] && [ $((size * 10)) -le $((first * 3)) ] || fail "$1" "the pre-dumps did not get smaller"
}

check_pre_dump() {
	tracked && count e && before e && precopy e && dump e last --track-mem --prev-images-dir "../$n" && dumped e && restore e last && after e
}

check_pre_dump_lazy() {
	tracked && userfault && pipes && count f && before f && precopy f && lazy_remote f last --track-mem --prev-images-dir "../$n"
}

# The connection is locked while the process is away: its peer would be told that nobody is there.
check_tcp_established() {
	if criu check --feature network_lock_nftables >/dev/null 2>&1; then
		lock="--network-lock nftables"
	elif command -v iptables-restore >/dev/null; then
		lock="--network-lock iptables"
	else
		skip "nothing locks the connection: this criu cannot nftables here, and there is no iptables-restore"
		return
	fi
	count g server
	server=$pid
	listening 1E1B || { kill -9 $server; fail g "the counting server does not listen"; return; }
	count h client
	client=$pid
	pid=$server
	before g && counted h/record "" || return
	kill -STOP $client
	sleep 0.2
	dump g 1 --tcp-established $lock && dumped g && restore g 1 --tcp-established $lock || { kill -9 $client; return; }
	was=$(head -n 1 h/record | cut -d ' ' -f 4)
	kill -CONT $client
	after g
	i=0
	while [ "$(head -n 1 h/record | cut -d ' ' -f 4)" = "$was" ] && [ $i -lt $((LIMIT * 10)) ]; do sleep 0.1; i=$((i + 1)); done
	[ "$(head -n 1 h/record | cut -d ' ' -f 4)" != "$was" ] || fail g "the connection is dead after the restore"
	kill -9 $client
}

ip link set lo up 2>/dev/null || ifconfig lo 127.0.0.1 up
SOFT_DIRTY=no
soft_dirty >/dev/null && SOFT_DIRTY=yes
say host "$(uname -r) $(uname -m)"
for name in $CHECKS; do
	say check "$name"
	pid=
	"check_$(echo "$name" | tr - _)"
	[ -n "$pid" ] && kill -9 "$pid" 2>/dev/null
	say end
done
say done

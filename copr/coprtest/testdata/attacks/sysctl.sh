# Turn the knobs of the kernel.
for knob in /proc/sys/kernel/core_pattern /proc/sys/kernel/modprobe /proc/sys/vm/drop_caches /proc/sys/kernel/hostname /proc/sys/net/ipv4/ip_forward /proc/sysrq-trigger /proc/self/oom_score_adj /proc/self/uid_map /proc/sys/user/max_user_namespaces; do
	case $knob in */oom_score_adj) value=-1000 ;; *) value=1 ;; esac
	(echo "$value" >"$knob") && won "wrote $knob"
done
hostname pwned && won "hostname"
date -s 2001-01-01 && won "date"
ulimit -n 1000000 && won "raised a limit"

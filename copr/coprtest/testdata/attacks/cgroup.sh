# The release agent of a cgroup runs as root on the host.
ls /sys/fs/cgroup && won "sees cgroups"
mkdir cg && mount -t cgroup -o memory cgroup cg && won "mounted cgroups"
cat /proc/self/cgroup

// Package sandbox runs a command that nobody trusts: a build, or the reading of a spec, which may run
// anything by %(). It is bubblewrap with everything taken away and put back by name:
//
//	/usr, /etc …     the host's or a given root's, read-only; of the host no more than a build needs
//	/build           the only place to write: a tmpfs of Limits.Disk; /tmp and /var/tmp lead into it
//	/proc, /dev      its own; no /sys, /home, /root, /srv, /run of the host
//
// It has namespaces of its own (user, mount, pid, ipc, uts, cgroup, and a network that leads nowhere), a user id that
// nobody else has where the caller is root, no capability, no new privileges, a session and an environment of its own, and
// a seccomp filter. There is no path on which a byte of it reaches the host's file systems: files come
// in by descriptors (File), results leave as a stream through a pipe that is read with suspicion (Take).
//
// Limits are held by cgroups (v1 or v2) where the caller may make them, and by rlimits everywhere; Limiter says which.
// When the context ends, or the caller dies, every process of the command is gone, daemons too.
//
// What it does not do: hide the kernel. A hole in the kernel is a hole in the sandbox; who cannot bear that gives builders a
// machine of their own.
package sandbox

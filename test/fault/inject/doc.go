// Package inject runs a command and stands between it and the kernel: every system
// call that changes files below given directories is counted, in one count over all
// threads and children, and each may be let through, refused with an errno, answered
// without being run, held, or made the moment of the command's death.
//
// It is built on seccomp user notification. The command is started through a launcher,
// this same program executed once more, which installs the filter on its only
// remaining thread, hands the listener over and executes the command; so that the
// filter is in place before the command's first instruction and covers every thread
// that it will ever have. strace's injection counts per thread and misses points in a
// program whose goroutines wander.
//
// It promises that calls are seen one at a time: while a verdict is being made, no
// other counted call of the command runs or returns. What it does not see: stores
// through a shared mapping, io_uring, and anything done by a process outside.
//
// A program that uses it calls Launched first thing in main or TestMain.
// It needs Linux 5.19 on amd64 or arm64, and no privilege.
package inject

// Package powercut takes the power from file systems while a command writes to them,
// and gives it back: what the command had not made durable is gone.
//
// A Disk is a file system on a loop image. Its power is cut by the shutdown ioctl that
// ext4 and xfs share, without a flush of their log: from that instant nothing reaches
// the image. A new mount replays the log and shows what a machine would find.
//
// When the kernel writes what on its own decides which missing fsync is noticed. Here
// nothing is left to its timers: commit=300 and short runs keep them still, and a Cut says
// which disks have written their log the instant before. On those every name is
// durable and bytes are not (a file without its fsync is empty); on the others
// nothing is but what was asked for.
//
// One log serves a whole disk: an fsync of any file commits every name made there
// before it, so that on one disk most fsyncs of directories are never missed. Therefore a Cut takes
// several disks at one instant: with root, store and journals on disks of their own, a name that one
// disk lost is seen by the disk that already trusts it.
//
// What it does not model: a drive that loses or reorders what the kernel had submitted.
//
// It needs root, loop devices and mkfs; Supported says what is missing.
package powercut

// Package mock builds packages with mock, which installs a buildroot of the chroot's own distribution from repositories. It is
// the builder for packages that are to fit their target to the letter.
//
// mock is no package of Debian's: docs/how-to/mock.md says how it is obtained. It must run as root (it changes root
// and mounts); the build itself runs as an unprivileged user without a network. That is less than copr/sandbox holds: packages of
// the buildroot run their scriptlets as root in it, and mock copies results out of it itself. Give it a machine of its own.
//
// Where this builder is root, mock has a pid and a mount namespace of its own, so that a cancel leaves no process and no
// mount; elsewhere (a distribution's setuid wrapper) it is asked by SIGTERM to clean up itself.
package mock

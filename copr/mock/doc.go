// Package mock builds packages with mock, which makes a buildroot of the chroot's own distribution.
package mock

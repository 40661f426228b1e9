package main

import "runtime"

// ballastSize is how much a service may allocate between two collections at the least.
const ballastSize = 32 << 20

// ballast lets the collector run less often. What a small site keeps alive is a few megabytes, and the
// collector would run each time that much was allocated again: several times a second under load, for 8 % of
// the processor. The ballast counts as alive but is never written to, so it takes address space and no
// memory. A limit of GOMEMLIMIT still holds. Call keep when the service ends.
func ballast() (keep func()) {
	b := make([]byte, ballastSize)
	return func() { runtime.KeepAlive(&b[0]) }
}

package coprtest

import "runtime"

// Arch is the machine's architecture, as rpm calls it.
func Arch() string {
	switch runtime.GOARCH {
	case "amd64":
		return "x86_64"
	case "arm64":
		return "aarch64"
	}
	return runtime.GOARCH // ppc64le, s390x
}

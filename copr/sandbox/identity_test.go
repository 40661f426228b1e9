package sandbox

import (
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// A builder was once told that it is not root: its main thread had become the user of a build.
func TestMainThreadStaysWhoItIs(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("SKIP: only root can become another user")
	}
	for range 2000 {
		err := as(nobody, func() error {
			if got := unix.Geteuid(); got != nobody {
				t.Errorf("user %d, want %d", got, nobody)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	status, err := os.ReadFile("/proc/self/status") // of the main thread
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if strings.HasPrefix(line, "Uid:") && strings.Contains(line, "65534") {
			t.Errorf("the main thread is another user: %s", line)
		}
	}
}

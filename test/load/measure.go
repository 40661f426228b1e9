// Package load measures mirrorctl beside named peers, in the same run, on the same
// files: nginx for what it answers, rsync and sha256sum for what it moves. It prints
// ratios of medians with their spread and never fails for being slow: a machine is
// noisy, a ratio is not a test.
package load

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// cpu is the processor time that processes have used.
func cpu(pids []int) (total time.Duration) {
	for _, pid := range pids {
		raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			continue
		}
		fields := strings.Fields(string(raw[bytes.LastIndexByte(raw, ')')+2:]))
		user, _ := strconv.Atoi(fields[11])
		system, _ := strconv.Atoi(fields[12])
		total += time.Duration(user+system) * 10 * time.Millisecond // USER_HZ is 100 everywhere
	}
	return total
}

// rss is the resident memory of a process, in bytes.
func rss(pid int) int64 {
	raw, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(raw)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kb << 10
		}
	}
	return 0
}

// spread is a median with its least and greatest.
type spread struct{ min, median, max float64 }

func spreadOf(v []float64) spread {
	s := slices.Sorted(slices.Values(v))
	return spread{s[0], s[len(s)/2], s[len(s)-1]}
}

func (s spread) String() string { return fmt.Sprintf("%.2f (%.2f … %.2f)", s.median, s.min, s.max) }

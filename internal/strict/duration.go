package strict

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Duration is a time.Duration that may also be written in days: 14d, 1d12h.
type Duration time.Duration

// UnmarshalText reads a duration.
func (d *Duration) UnmarshalText(b []byte) error {
	head, rest, inDays := strings.Cut(string(b), "d")
	if !inDays {
		head, rest = "0", string(b)
	}
	days, err := strconv.Atoi(head)
	if err == nil && (days < 0 || days > 100_000) {
		err = strconv.ErrRange
	}
	var v time.Duration
	if err == nil && (rest != "" || !inDays) {
		v, err = time.ParseDuration(rest)
	}
	if err != nil || v < 0 || v > 100_000*24*time.Hour {
		return fmt.Errorf("duration %q: want a number and a unit, such as 14d, 10m or 1h30m", string(b))
	}
	*d = Duration(time.Duration(days)*24*time.Hour + v)
	return nil
}

// String writes whole days as days.
func (d Duration) String() string {
	const day = 24 * time.Hour
	if t := time.Duration(d); t >= day && t%day == 0 {
		return strconv.FormatInt(int64(t/day), 10) + "d"
	}
	s := time.Duration(d).String()
	if short, ok := strings.CutSuffix(s, "m0s"); ok {
		s = short + "m"
	}
	if short, ok := strings.CutSuffix(s, "h0m"); ok {
		s = short + "h"
	}
	return s
}

// MarshalText writes what UnmarshalText reads.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

package redirect_test

import (
	"slices"
	"testing"
	"time"

	"mirrorctl/redirect"
)

func TestWindow(t *testing.T) {
	now := time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)
	tests := []struct {
		name   string
		window redirect.Window
		hours  []int // age of each kept generation, newest first
		want   []int
	}{
		{name: "none"},
		{name: "one, however old", hours: []int{9999}, want: []int{9999}},
		{name: "changed an hour ago, before that last year", hours: []int{1, 9000}, want: []int{1, 9000}},
		{name: "changed an hour ago, the third is stale", hours: []int{1, 9000, 9001}, want: []int{1, 9000}},
		{name: "several within three days", hours: []int{1, 30, 60, 71, 73}, want: []int{1, 30, 60, 71}},
		{name: "just propagating", hours: []int{48, 9000}, want: []int{48, 9000}},
		{name: "propagated: the second may go", hours: []int{49, 9000}, want: []int{49}},
		{name: "propagated: the second is not stale yet", hours: []int{49, 71, 73}, want: []int{49, 71}},
		{name: "shorter", window: redirect.Window{Propagation: time.Hour, Stale: 2 * time.Hour}, hours: []int{2, 2, 3}, want: []int{2, 2}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var kept []redirect.Generation
			for _, h := range tt.hours {
				kept = append(kept, redirect.Generation{File: redirect.File{Timestamp: now.Add(-time.Duration(h) * time.Hour).Unix()}})
			}
			before := slices.Clone(kept)
			var got []int
			for _, g := range tt.window.Alternates(kept, now) {
				got = append(got, int(now.Unix()-g.Timestamp)/3600)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("named %v, want %v", got, tt.want)
			}
			if !slices.Equal(kept, before) {
				t.Error("the kept generations were changed")
			}
		})
	}
}

// What upstream made a month ago and we synced an hour ago is new to every mirror of ours.
func TestWindowCountsFromService(t *testing.T) {
	now := time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)
	month := redirect.File{Timestamp: now.AddDate(0, -1, 0).Unix()}
	kept := []redirect.Generation{{File: month, Since: now.Add(-time.Hour)}, {File: month, Since: now.AddDate(0, -1, 0)}}
	if got := (redirect.Window{}).Alternates(kept, now); len(got) != 2 {
		t.Errorf("%d generations named, want both", len(got))
	}
	if got := (redirect.Window{}).Alternates(kept, now.AddDate(0, 0, 3)); len(got) != 1 {
		t.Errorf("three days later %d generations named, want the newest alone", len(got))
	}
}

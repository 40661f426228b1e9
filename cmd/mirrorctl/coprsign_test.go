package main

import (
	"slices"
	"testing"
)

func TestUsers(t *testing.T) {
	if got, err := users([]string{"root", "4711"}); err != nil || !slices.Equal(got, []uint32{0, 4711}) {
		t.Errorf("%v, %v", got, err)
	}
	for _, bad := range []string{"no such user", "-1", "4294967296", ""} {
		if got, err := users([]string{bad}); err == nil {
			t.Errorf("%q is %v", bad, got)
		}
	}
}

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
)

// program is how the reader calls this program.
func (a *app) program() string {
	if strings.ContainsRune(os.Args[0], '/') {
		return quote(os.Args[0])
	}
	return "mirrorctl"
}

// again is this very command line, with a flag more: it names the same configuration, store and releases.
func (a *app) again(flag string) string {
	words := []string{a.program()}
	for _, arg := range a.args {
		words = append(words, quote(arg))
	}
	if flag != "" && !slices.Contains(a.args, flag) {
		words = append(words, flag)
	}
	return strings.Join(words, " ")
}

// interrupted adds to the error of a step that was stopped from outside how to go on.
func (a *app) interrupted(err error, flag string) error {
	if !errors.Is(err, context.Canceled) {
		return err
	}
	return hinted{err, fmt.Sprintf("`%s` continues it", a.again(flag))}
}

// quote is a word as a shell reads it back.
func quote(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:=,+@%", r)
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

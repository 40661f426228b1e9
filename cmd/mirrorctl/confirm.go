package main

import (
	"bufio"
	"errors"
	"fmt"
	"strings"
)

// errUnconfirmed says that a step which asks was not agreed to: exit code 5.
var errUnconfirmed = errors.New("not confirmed")

// confirm asks before a destructive step. Without a terminal and without --yes it refuses:
// a script that was never told to delete must not.
func (a *app) confirm(yes bool, question string) error {
	if yes {
		return nil
	}
	if !a.terminal {
		return fmt.Errorf("%s: %w; there is no terminal to ask on, so give --yes", strings.TrimSuffix(question, "?"), errUnconfirmed)
	}
	fmt.Fprintf(a.stderr, "%s [y/N] ", question)
	answer, err := bufio.NewReader(a.stdin).ReadString('\n')
	if err != nil && answer == "" {
		return fmt.Errorf("read the answer: %w", err)
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	}
	return fmt.Errorf("%s: %w", strings.TrimSuffix(question, "?"), errUnconfirmed)
}

//go:build linux && (amd64 || arm64)

package inject

import (
	"fmt"
	"strings"
)

// Kind says what a call does to files.
type Kind uint8

// The kinds of calls.
const (
	Open  Kind = iota // opens for writing, or creates
	Write             // changes a file's bytes or length
	Sync              // asks for durability
	Name              // makes, moves or removes a name
	Meta              // mode, owner, times, extended attributes
	Lock              // flock
	Read              // changes nothing; counted only where Injector.Reads is set
)

var kindNames = [...]string{"open", "write", "sync", "name", "meta", "lock", "read"}

func (k Kind) String() string { return kindNames[k] }

// Call is one counted system call, as it stands before the kernel runs it.
type Call struct {
	N     int    // its place among all counted calls, from 1
	KindN int    // its place among the counted calls of its kind, from 1
	Kind  Kind   //
	Name  string // the system call: renameat2
	Task  int    // the thread that makes it
	// Paths are the files it names, absolute: those of its path arguments or of its
	// descriptors, in the order of its arguments. The last component is not resolved.
	Paths []string
	Args  [6]uint64
	// Stack names the places in the command under which it is made, innermost first. Only
	// with Injector.Symbols.
	Stack []string
}

func (c Call) String() string {
	s := fmt.Sprintf("#%d %s (%s %d) %s", c.N, c.Name, c.Kind, c.KindN, strings.Join(c.Paths, " -> "))
	if len(c.Stack) > 0 {
		s += " in " + strings.Join(c.Stack[:min(len(c.Stack), 3)], " < ")
	}
	return s
}

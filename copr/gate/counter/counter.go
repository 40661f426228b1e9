// Package counter is the process that the gate checkpoints and restores, and what its memory must be.
//
// The program (program/counter.c) is of a kilobyte and a half, for each architecture: without libc, threads or heap there is
// nothing in it that one of them does differently. It counts; its memory follows from the count; now and then it says
// both in a Record. So that a record of a restored process can be judged without the process that wrote it.
//
// The programs are compiled by the script program/build, and are part of the source because a builder has no compiler for
// the architectures it emulates; a test compiles them again and compares the bytes.
package counter

import (
	"embed"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

//go:embed program/counter.x86_64 program/counter.aarch64 program/counter.ppc64le program/counter.s390x
var programs embed.FS

// Program returns the program for an architecture.
func Program(arch string) ([]byte, error) {
	b, err := programs.ReadFile("program/counter." + arch)
	if err != nil {
		return nil, fmt.Errorf("counting process for %s: %w", arch, err)
	}
	return b, nil
}

// Record is what the program says of itself.
type Record struct {
	Count uint64 // steps so far
	Hash  uint64 // of all of its memory
	PID   uint64
	Heard uint64 // the last number that came over its connection
}

// ParseRecord reads five numbers of sixteen hex digits, of which the last seals the others: a record that is read while
// it is written is told from a whole one.
func ParseRecord(s string) (Record, error) {
	fields := strings.Split(s, " ")
	if len(fields) != 5 {
		return Record{}, fmt.Errorf("record %q: want five numbers", s)
	}
	var n [5]uint64
	for i, f := range fields {
		v, err := strconv.ParseUint(f, 16, 64)
		if err != nil || len(f) != 16 {
			return Record{}, fmt.Errorf("record %q: %q is not 16 hex digits", s, f)
		}
		n[i] = v
	}
	if n[4] != mix(n[0]^n[1]^n[2]^n[3]) {
		return Record{}, fmt.Errorf("record %q: torn", s)
	}
	return Record{Count: n[0], Hash: n[1], PID: n[2], Heard: n[3]}, nil
}

// ErrMemory says that the memory is not what follows from the count.
var ErrMemory = errors.New("memory is not what it must be")

// maxCount bounds the steps that Check goes over: some hours of counting.
const maxCount = 5_000_000

// Check goes over the steps that the program made and compares the memory's hash.
func (r Record) Check() error {
	if r.Count > maxCount {
		return fmt.Errorf("count %d: cannot be after so short a time", r.Count)
	}
	if want := hashAfter(r.Count); r.Hash != want {
		return fmt.Errorf("count %d: %w: hash %016x, want %016x", r.Count, ErrMemory, r.Hash, want)
	}
	return nil
}

// As in counter.c.
const (
	pages    = 1024
	words    = 4096 / 8 // of a page
	changing = pages / 4
	sparse   = 16
)

func hashAfter(count uint64) uint64 {
	memory := make([]uint64, pages*words)
	for i := range uint64(pages) {
		for j := range uint64(words) {
			memory[i*words+j] = mix(i<<32 | j)
		}
	}
	for step := range count {
		for k := range uint64(sparse) {
			memory[(step*sparse+k)%changing*words+k] += mix(step)
		}
	}
	h := uint64(0xcbf29ce484222325)
	for _, w := range memory {
		h = (h ^ w) * 0x100000001b3
	}
	return h
}

func mix(x uint64) uint64 {
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}

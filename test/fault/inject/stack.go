//go:build linux && (amd64 || arm64)

package inject

import (
	"debug/elf"
	"debug/gosym"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Symbols names the places in a Go binary from which a call is made. With them, a mutant that
// lacks one fsync needs no second binary: lie to the calls that come from one place.
type Symbols struct {
	table  *gosym.Table
	prefix string
}

// ReadSymbols reads those of binary whose functions have a name that begins with prefix:
// the path of a module and a slash. A stripped binary has them too; one that is
// position-independent does not work.
func ReadSymbols(binary, prefix string) (*Symbols, error) {
	f, err := elf.Open(binary)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, lines := f.Section(".text"), f.Section(".gopclntab")
	if text == nil || lines == nil || f.Type != elf.ET_EXEC {
		return nil, fmt.Errorf("read symbols of %s: not a plain Go binary", binary)
	}
	data, err := lines.Data()
	if err != nil {
		return nil, fmt.Errorf("read symbols of %s: %w", binary, err)
	}
	table, err := gosym.NewTable(nil, gosym.NewLineTable(data, text.Addr))
	if err != nil {
		return nil, fmt.Errorf("read symbols of %s: %w", binary, err)
	}
	return &Symbols{table, prefix}, nil
}

// stack lists the places under a call that task is held in, innermost first: "durable.SyncDir
// durable.go:95". Where the compiler has inlined a callee, the line is the callee's.
//
// Go keeps frame pointers: each points to the caller's, and the return address lies beside it. Only the
// innermost one is in a register, which cannot be read here; so the first word on the stack
// that begins such a chain stands for it. It lies in the frames of package syscall, which are small.
func (s *Symbols) stack(task int) []string {
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/syscall", task))
	if err != nil {
		return nil
	}
	fields := strings.Fields(string(line)) // number, six arguments, stack pointer, program counter
	if len(fields) != 9 {
		return nil
	}
	sp, err := strconv.ParseUint(strings.TrimPrefix(fields[7], "0x"), 16, 64)
	if err != nil {
		return nil
	}
	words := stackWords(task, uintptr(sp))
	frame := 0
	for ; frame < len(words) && s.depth(words, sp, frame) < 3; frame++ {
	}
	var places []string
	for ok := frame < len(words); ok; frame, ok = s.caller(words, sp, frame) {
		pc := words[frame+1]
		fn := s.table.PCToFunc(pc)
		if fn == nil || !strings.HasPrefix(fn.Name, s.prefix) {
			continue
		}
		file, line, _ := s.table.PCToLine(pc - 1) // the call, not what follows it
		places = append(places, fmt.Sprintf("%s %s:%d", fn.Name[strings.LastIndexByte(fn.Name, '/')+1:], filepath.Base(file), line))
	}
	return places
}

// caller follows a frame pointer, given as an index of words, to the next.
func (s *Symbols) caller(words []uint64, sp uint64, frame int) (next int, ok bool) {
	next = int(words[frame]-sp) / 8
	return next, words[frame]%8 == 0 && words[frame] > sp && next > frame && next+1 < len(words) && s.table.PCToFunc(words[next+1]) != nil
}

// depth is how many frames follow from one, 3 at most.
func (s *Symbols) depth(words []uint64, sp uint64, frame int) int {
	if frame+1 >= len(words) || s.table.PCToFunc(words[frame+1]) == nil {
		return 0
	}
	for n := range 3 {
		next, ok := s.caller(words, sp, frame)
		if !ok {
			return n
		}
		frame = next
	}
	return 3
}

// stackWords reads some pages from sp; what lies behind the stack's end may be missing.
func stackWords(task int, sp uintptr) []uint64 {
	const page = 4096
	var words []uint64
	for range 8 {
		chunk := make([]byte, page-sp%page)
		local := []unix.Iovec{{Base: &chunk[0], Len: uint64(len(chunk))}}
		n, err := unix.ProcessVMReadv(task, local, []unix.RemoteIovec{{Base: sp, Len: len(chunk)}}, 0)
		if err != nil || n < len(chunk) {
			break
		}
		for ; len(chunk) >= 8; chunk = chunk[8:] {
			words = append(words, binary.LittleEndian.Uint64(chunk))
		}
		sp += uintptr(n)
	}
	return words
}

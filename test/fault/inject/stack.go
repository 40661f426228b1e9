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

// stack lists the places under a call that task is held in, innermost first:
// "durable.SyncDir durable.go:95". It takes every word on the stack that looks like a return
// address for one; a stale word can add a place, and never hides one. Where the compiler has inlined
// a callee, the line is the callee's.
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
	var places []string
	words := stackWords(task, uintptr(sp))
	for ; len(words) >= 8; words = words[8:] {
		pc := binary.LittleEndian.Uint64(words)
		fn := s.table.PCToFunc(pc)
		if fn == nil || fn.Entry == pc || !strings.HasPrefix(fn.Name, s.prefix) {
			continue
		}
		file, line, _ := s.table.PCToLine(pc - 1) // the call, not what follows it
		place := fmt.Sprintf("%s %s:%d", fn.Name[strings.LastIndexByte(fn.Name, '/')+1:], filepath.Base(file), line)
		if len(places) == 0 || places[len(places)-1] != place {
			places = append(places, place)
		}
	}
	return places
}

// stackWords reads up to four pages from sp; what lies behind the stack's end may be missing.
func stackWords(task int, sp uintptr) []byte {
	const page = 4096
	words := make([]byte, 0, 5*page)
	for range 4 {
		chunk := words[len(words) : len(words)+int(page-sp%page)]
		local := []unix.Iovec{{Base: &chunk[0], Len: uint64(len(chunk))}}
		n, err := unix.ProcessVMReadv(task, local, []unix.RemoteIovec{{Base: sp, Len: len(chunk)}}, 0)
		if err != nil || n < len(chunk) {
			break
		}
		words = words[:len(words)+n]
		sp += uintptr(n)
	}
	return words
}

package fit

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"

	"mirrorctl/repomd"
)

// Limits of a payload: its size is bounded by repomd.UnknownSize, and the list by these.
const (
	maxELF  = 100_000
	maxPath = 4096
)

// elf is an ELF file in a payload.
type elf struct {
	path    string
	machine machine
	mode    uint32
}

// machine is what an ELF file runs on.
type machine struct {
	number uint16
	bits   byte // 32, 64
	big    bool // endian
}

// machines by architecture of a chroot.
var machines = map[string]machine{
	"x86_64":  {62, 64, false},
	"aarch64": {183, 64, false},
	"ppc64le": {21, 64, false},
	"s390x":   {22, 64, true},
}

func (m machine) String() string {
	for arch, n := range machines {
		if n == m {
			return arch
		}
	}
	order := "little"
	if m.big {
		order = "big"
	}
	return fmt.Sprintf("machine %d, %d bits, %s endian", m.number, m.bits, order)
}

// findELF lists the ELF files of a payload: a cpio archive of the newc form, compressed.
func findELF(ctx context.Context, payload io.Reader) ([]elf, error) {
	z, err := repomd.NewReader(payload, repomd.UnknownSize)
	if err != nil {
		return nil, err
	}
	defer z.Close()
	r := bufio.NewReaderSize(z, 64<<10)
	var all []elf
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		e, err := readEntry(r)
		if err != nil || e.name == "TRAILER!!!" {
			return all, err
		}
		head := make([]byte, min(20, e.size))
		if _, err := io.ReadFull(r, head); err != nil {
			return nil, fmt.Errorf("cpio: %q: %w", e.name, noEOF(err))
		}
		if m, ok := machineOf(head); ok && e.mode&0o170000 == 0o100000 {
			if len(all) == maxELF {
				return nil, fmt.Errorf("over %d ELF files", maxELF)
			}
			all = append(all, elf{path: path.Clean("/" + e.name), machine: m, mode: e.mode})
		}
		rest := e.size - int64(len(head))
		if _, err := io.CopyN(io.Discard, r, rest+(-e.size&3)); err != nil {
			return nil, fmt.Errorf("cpio: %q: %w", e.name, noEOF(err))
		}
	}
}

type cpioEntry struct {
	name string
	mode uint32
	size int64
}

// readEntry reads one header: "070701", thirteen numbers of eight hex digits, the name, padding to four bytes.
func readEntry(r io.Reader) (cpioEntry, error) {
	var head [110]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return cpioEntry{}, fmt.Errorf("cpio: %w", noEOF(err))
	}
	switch magic := string(head[:6]); magic {
	case "070701", "070702":
	case "07070X":
		return cpioEntry{}, errors.New("cpio: a file of over 4 GiB: not looked through")
	default:
		return cpioEntry{}, fmt.Errorf("cpio: bad magic %q", magic)
	}
	field := func(i int) (int64, error) { return strconv.ParseInt(string(head[6+8*i:][:8]), 16, 64) }
	mode, err1 := field(1)
	size, err2 := field(6)
	nameSize, err3 := field(11)
	if err := errors.Join(err1, err2, err3); err != nil || size < 0 || nameSize < 1 || nameSize > maxPath {
		return cpioEntry{}, fmt.Errorf("cpio: bad header: size %d, name of %d bytes: %w", size, nameSize, err)
	}
	name := make([]byte, nameSize+(-(110+nameSize)&3))
	if _, err := io.ReadFull(r, name); err != nil {
		return cpioEntry{}, fmt.Errorf("cpio: %w", noEOF(err))
	}
	return cpioEntry{name: strings.TrimRight(string(name), "\x00"), mode: uint32(mode), size: size}, nil
}

// machineOf reads the first 20 bytes of an ELF file.
func machineOf(head []byte) (m machine, ok bool) {
	if len(head) < 20 || !bytes.HasPrefix(head, []byte("\x7fELF")) {
		return machine{}, false
	}
	m.bits, m.big = map[byte]byte{1: 32, 2: 64}[head[4]], head[5] == 2
	m.number = binary.LittleEndian.Uint16(head[18:])
	if m.big {
		m.number = binary.BigEndian.Uint16(head[18:])
	}
	return m, true
}

func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

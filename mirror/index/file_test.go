package index_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"mirrorctl/mirror/index"
)

func sample(t testing.TB) *index.Index {
	dir := t.TempDir()
	write(t, dir, "free/fedora/updates/42/x86_64/repodata/repomd.xml", "free/fedora/updates/42/x86_64/a-1-1.x86_64.rpm", "README", "empty/x")
	if err := errors.Join(os.Symlink("42", filepath.Join(dir, "free/fedora/updates/43")), os.Remove(filepath.Join(dir, "empty/x"))); err != nil {
		t.Fatal(err)
	}
	x, _ := scan(t, openRoot(t, dir), nil, index.Options{Now: later})
	return x
}

func TestSaveAndLoad(t *testing.T) {
	x := sample(t)
	dir := filepath.Join(t.TempDir(), "state", "index")
	if _, err := index.Load(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("before the first Save: %v", err)
	}
	for range 2 {
		if err := index.Save(dir, x); err != nil {
			t.Fatal(err)
		}
	}
	y, err := index.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if dump(x) != dump(y) {
		t.Errorf("saved\n%s\nloaded\n%s", dump(x), dump(y))
	}
	if !bytes.Equal(x.Encode(), y.Encode()) {
		t.Error("a loaded index encodes to something else")
	}
}

func TestDamagedFilesAreRefused(t *testing.T) {
	raw := sample(t).Encode()
	dir := t.TempDir()
	load := func(raw []byte) error {
		if err := os.WriteFile(filepath.Join(dir, "root.idx"), raw, 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := index.Load(dir)
		return err
	}
	if err := load(raw); err != nil {
		t.Fatal(err)
	}
	for n := range raw {
		if load(raw[:n]) == nil {
			t.Errorf("cut to %d of %d bytes, and accepted", n, len(raw))
		}
		flipped := bytes.Clone(raw)
		flipped[n] ^= 0x10
		if load(flipped) == nil {
			t.Errorf("byte %d flipped, and accepted", n)
		}
	}
	if load(append(bytes.Clone(raw), 0)) == nil || load([]byte("#!/bin/sh\n")) == nil {
		t.Error("a foreign file was accepted")
	}
	if err := errors.Join(os.Remove(filepath.Join(dir, "root.idx")), os.Mkdir(filepath.Join(dir, "root.idx"), 0o755)); err != nil {
		t.Fatal(err)
	}
	if _, err := index.Load(dir); err == nil {
		t.Error("a directory was accepted")
	}
}

// seal puts magic and checksum around a body, so that the fuzzer gets past them.
func seal(body []byte) []byte {
	raw := append([]byte("mcindex\x01"), body...)
	return binary.LittleEndian.AppendUint32(raw, crc32.Checksum(raw, crc32.MakeTable(crc32.Castagnoli)))
}

// A hostile file costs no more memory than a multiple of its size, and what is accepted is sound.
func FuzzDecode(f *testing.F) {
	raw := sample(f).Encode()
	f.Add(raw[8 : len(raw)-4])
	f.Add([]byte{1, 0, 0, 0, 0, 0, 0, 0, 0})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0, 0})
	f.Fuzz(func(t *testing.T, body []byte) {
		x, err := index.Decode(seal(body))
		if err != nil {
			return
		}
		once := x.Encode()
		y, err := index.Decode(once)
		if err != nil || !bytes.Equal(y.Encode(), once) {
			t.Fatalf("accepted, but does not come back: %v", err)
		}
		listing := dump(x)
		for p := range x.Files() {
			if p.Reserved() {
				t.Fatalf("%q accepted in\n%s", p, listing)
			}
		}
		x.Repositories(rpmfusion(t))
		x.Trees(rpmfusion(t))
		x.Totals(rpmfusion(t))
	})
}

// A checksum says that the bytes are those written, not that they make sense.
func TestSealedNonsenseIsRefused(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "aa", "bb")
	x, _ := scan(t, openRoot(t, dir), nil, index.Options{})
	raw := x.Encode()
	body := raw[8 : len(raw)-4]
	with := func(names string) error {
		_, err := index.Decode(seal(bytes.Replace(body, []byte("aabb"), []byte(names), 1)))
		return err
	}
	if err := with("aabb"); err != nil {
		t.Fatal(err)
	}
	for _, names := range []string{"bbaa", "aaaa", "..bb", "a/bb", "/abb", "a\x00bb", "aab\\", "aa\xffb", "aab", "aabbc"} {
		if with(names) == nil {
			t.Errorf("names %q accepted", names)
		}
	}
	write(t, dir, ".mirrorct_")
	x, _ = scan(t, openRoot(t, dir), nil, index.Options{})
	raw = x.Encode()
	if _, err := index.Decode(seal(bytes.Replace(raw[8:len(raw)-4], []byte(".mirrorct_"), []byte(".mirrorctl"), 1))); err == nil {
		// ".mirrorct_" sorts like ".mirrorctl" before aa, so only the name itself is wrong.
		t.Error("one of the program's own names accepted")
	}
	if runs := testing.AllocsPerRun(1, func() {
		huge := append(binary.AppendUvarint(binary.AppendUvarint(nil, 1), 1<<40), 0)
		if _, err := index.Decode(seal(huge)); err == nil {
			t.Error("2^40 entries promised in a few bytes, and accepted")
		}
	}); runs > 50 {
		t.Errorf("%v allocations for a promise", runs)
	}
}

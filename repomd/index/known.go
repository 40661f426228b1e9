package index

import (
	"io/fs"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
)

// Known remembers what Build found in packages, so that one more package in a repository of a thousand costs one. A
// package is read again when its file's size, times or inode differ; what left its repository is forgotten. The zero
// value is empty; a nil Known remembers nothing.
type Known struct {
	mu      sync.Mutex
	records map[string]known // by full name
}

type known struct {
	*record
	state fileState
}

// fileState is what changes when a file does: writing to it in place changes ctime, whatever mtime is set back to.
type fileState struct {
	size, mtime, ctime int64
	dev, inode         uint64
	checksum           string
}

func stateOf(info fs.FileInfo, checksum string) (fileState, bool) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return fileState{}, false
	}
	return fileState{st.Size, st.Mtim.Nano(), st.Ctim.Nano(), uint64(st.Dev), st.Ino, checksum}, true
}

func (k *Known) read(dir, location, checksum string) (*record, error) {
	name := filepath.Join(dir, filepath.FromSlash(location))
	info, err := look(name)
	if err != nil {
		return nil, err
	}
	state, ok := stateOf(info, checksum)
	if k == nil || !ok {
		return read(name, location, checksum, info)
	}
	k.mu.Lock()
	have, found := k.records[name]
	k.mu.Unlock()
	if found && have.state == state && have.location == location {
		return have.record, nil
	}
	r, err := read(name, location, checksum, info)
	if err != nil {
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.records == nil {
		k.records = map[string]known{}
	}
	k.records[name] = known{r, state}
	return r, nil
}

// forget drops what is remembered of dir beside names.
func (k *Known) forget(dir string, names []string) {
	if k == nil {
		return
	}
	keep := make(map[string]bool, len(names))
	for _, n := range names {
		keep[filepath.Join(dir, filepath.FromSlash(n))] = true
	}
	prefix := filepath.Clean(dir) + string(filepath.Separator)
	k.mu.Lock()
	defer k.mu.Unlock()
	for name := range k.records {
		if strings.HasPrefix(name, prefix) && !keep[name] {
			delete(k.records, name)
		}
	}
}

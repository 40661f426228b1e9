//go:build linux && (amd64 || arm64)

package powercut_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"mirrorctl/internal/durable"
	"mirrorctl/test/fault/inject"
	"mirrorctl/test/fault/powercut"
)

// The command under test is this binary with moverEnv set.
const moverEnv = "FAULT_TEST_MOVE"

func TestMain(m *testing.M) {
	inject.Launched()
	if how, ok := os.LookupEnv(moverEnv); ok {
		if err := move(how, os.Args[1], os.Args[2], os.Args[3]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	powercut.Isolate()
	os.Exit(m.Run())
}

var files = []string{"a", "b"}

// content of a file: large enough for several blocks.
func content(name string) []byte { return bytes.Repeat([]byte(name), 20_000) }

// move takes the only copy of each file from root to store, and keeps a journal in state:
// what mirrorctl archive does, in small. how is "right", or "torn": in place, under the final name.
func move(how, root, store, state string) error {
	journal, err := os.OpenFile(filepath.Join(state, "journal"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	defer journal.Close()
	if err := durable.SyncDir(state); err != nil {
		return err
	}
	for _, name := range files {
		data, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return err
		}
		to := filepath.Join(store, name)
		if how == "torn" {
			err = errors.Join(os.WriteFile(to, data, 0o644), durable.SyncDir(store))
		} else {
			err = durable.WriteFile(to, data, 0o644)
		}
		if err != nil {
			return err
		}
		if _, err := journal.WriteString(name + "\n"); err != nil {
			return err
		}
		if err := journal.Sync(); err != nil {
			return err
		}
		if err := os.Remove(filepath.Join(root, name)); err != nil {
			return err
		}
		if err := durable.SyncDir(root); err != nil {
			return err
		}
	}
	return nil
}

// lost says what is wrong after a cut; done: the command had ended well before it.
func lost(root, store, state string, done bool) []string {
	var wrong []string
	journal, _ := os.ReadFile(filepath.Join(state, "journal"))
	for _, name := range files {
		source, err := os.ReadFile(filepath.Join(root, name))
		inRoot := err == nil && bytes.Equal(source, content(name))
		copied, err := os.ReadFile(filepath.Join(store, name))
		inStore := err == nil && bytes.Equal(copied, content(name))
		switch {
		case !inRoot && !inStore:
			wrong = append(wrong, name+" is lost")
		case !inStore && !errors.Is(err, fs.ErrNotExist):
			wrong = append(wrong, name+" is torn")
		case !inStore && bytes.Contains(journal, []byte(name+"\n")):
			wrong = append(wrong, name+" is journaled and absent")
		case !inRoot && !bytes.Contains(journal, []byte(name+"\n")):
			wrong = append(wrong, name+" is gone and not journaled")
		case done && (inRoot || !inStore):
			wrong = append(wrong, name+" was not moved after all")
		}
	}
	if done && len(journal) != 2*len(files) {
		wrong = append(wrong, fmt.Sprintf("journal is %q after the end", journal))
	}
	return wrong
}

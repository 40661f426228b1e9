package index

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"

	"mirrorctl/internal/durable"
)

// signatureName is the signature of repomd.xml, in repodata/.
const signatureName = "repomd.xml.asc"

// publish makes files the content of repodata; the last of them is repomd.xml. Without Signer a signature that lies there
// is left alone: whoever signs afterwards replaces it.
//
// Names with a checksum never change their content, so the order alone keeps a reader whole:
//
//	for each file but repomd.xml: write, fsync, rename, fsync directory
//	repomd.xml: the same, and with its rename the new generation is the one that is read
//
// A crash before the last rename leaves the old generation and a few files that nobody names.
func publish(repodata string, files []file, o *Options) error {
	if o.SimpleNames || o.Signer != nil {
		done, err := exchange(repodata, files, o)
		if done || err != nil {
			return err
		}
	}
	if err := durable.MkdirAll(repodata, 0o755); err != nil {
		return err
	}
	return write(repodata, files, o)
}

func write(dir string, files []file, o *Options) error {
	put := durable.WriteFile
	if o.Unsynced {
		put = rename
	}
	for _, f := range files {
		name := filepath.Join(dir, f.name)
		if err := put(name, f.data, 0o644); err != nil {
			return err
		}
		// The file time is for HTTP and rsync; no reader trusts it, so it may come late.
		if err := os.Chtimes(name, o.Time, o.Time); err != nil {
			return err
		}
	}
	return nil
}

// rename is durable.WriteFile without its fsyncs.
func rename(name string, data []byte, perm os.FileMode) error {
	temp := filepath.Join(filepath.Dir(name), durable.TempName(filepath.Base(name)))
	if err := os.WriteFile(temp, data, perm); err != nil {
		return errors.Join(err, os.Remove(temp))
	}
	return os.Rename(temp, name)
}

// exchange publishes names without a checksum, which a signature is, too: a new directory is filled beside the old one, and
// both change places in one step. Where the filesystem cannot do that (NFS, some overlays) done is
// false, nothing has changed, and renaming file by file leaves readers a moment of both.
func exchange(repodata string, files []file, o *Options) (done bool, err error) {
	parent := filepath.Dir(repodata)
	fresh := filepath.Join(parent, durable.TempName("repodata"))
	if err := os.Mkdir(fresh, 0o755); err != nil {
		return false, err
	}
	// From the exchange on, fresh is the name of the old generation.
	defer func() { err = errors.Join(err, os.RemoveAll(fresh)) }()
	if err := write(fresh, files, o); err != nil {
		return false, err
	}
	switch err := keepOld(repodata, fresh, files); {
	case errors.Is(err, fs.ErrNotExist):
		return true, durable.Rename(fresh, repodata)
	case err != nil:
		return false, err
	}
	switch err := unix.Renameat2(unix.AT_FDCWD, fresh, unix.AT_FDCWD, repodata, unix.RENAME_EXCHANGE); err {
	case nil:
		return true, durable.SyncDir(parent)
	case unix.EINVAL, unix.ENOSYS, unix.EXDEV:
		return false, nil
	default:
		return false, &os.LinkError{Op: "exchange", Old: fresh, New: repodata, Err: err}
	}
}

// keepOld links into fresh the files of repodata that the new generation does not replace. A signature
// of the old repomd.xml is none of the new one, and stays behind.
func keepOld(repodata, fresh string, files []file) error {
	entries, err := os.ReadDir(repodata)
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := e.Name()
		replaced := slices.ContainsFunc(files, func(f file) bool { return f.name == name })
		if replaced || !e.Type().IsRegular() || durable.IsTemp(name) || name == signatureName {
			continue
		}
		if err := os.Link(filepath.Join(repodata, name), filepath.Join(fresh, name)); err != nil {
			return err
		}
	}
	return durable.SyncDir(fresh)
}

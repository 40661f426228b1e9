package source

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"mirrorctl/internal/egress"
)

const maxExtra = 64 << 20 // bytes of a spec, a patch or another file of the packager's

// layOut puts the spec and the extra files beside the sources, with the version as the spec's first line, and gives all of
// them one time: a source package records it. It returns the path of the spec.
func layOut(r Recipe, sources string) (string, error) {
	for _, name := range append([]string{r.Spec}, r.Extra...) {
		base := filepath.Base(name)
		if err := checkName(base); err != nil {
			return "", err
		}
		data, err := readFile(name)
		if err != nil {
			return "", err
		}
		if name == r.Spec {
			if data, err = withVersion(data, r.Version); err != nil {
				return "", fmt.Errorf("spec %s: %w", base, err)
			}
		}
		// O_EXCL: an extra file must not take a source's place, which has a sha256 to answer for.
		w, err := os.OpenFile(filepath.Join(sources, base), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if err != nil {
			return "", err
		}
		_, err = w.Write(data)
		if cerr := w.Close(); err == nil {
			err = cerr
		}
		if err != nil {
			return "", err
		}
	}
	entries, err := os.ReadDir(sources)
	if err != nil {
		return "", err
	}
	at := time.Unix(r.Epoch, 0)
	for _, e := range entries {
		name := filepath.Join(sources, e.Name())
		if err := os.Chmod(name, 0o644); err != nil { // whatever the umask
			return "", err
		}
		if err := os.Chtimes(name, at, at); err != nil {
			return "", err
		}
	}
	return filepath.Join(sources, filepath.Base(r.Spec)), nil
}

// withVersion is the spec with a first line that defines upstream_version. A spec that does not ask for it would be built in
// the version it names itself, under the name of another.
func withVersion(spec []byte, version string) ([]byte, error) {
	if err := CheckVersion(version); err != nil {
		return nil, err
	}
	if !bytes.Contains(spec, []byte("%{upstream_version}")) {
		return nil, faultf("it does not use %%{upstream_version}; write Version: %%{upstream_version}")
	}
	return append([]byte("%global upstream_version "+version+"\n"), spec...), nil
}

func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxExtra+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxExtra {
		return nil, fmt.Errorf("read %s: %w (%d)", name, egress.ErrTooLarge, maxExtra)
	}
	return data, nil
}

package demo

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"mirrorctl/internal/durable"
)

// Options say what Make makes. The zero value is the whole site on port 8080.
type Options struct {
	// PublicURL is what clients call the server. Default http://127.0.0.1:8080/.
	PublicURL string

	// Key is an armored private key without a passphrase, as NewKey makes. Default: that of the
	// directory, which is made where there is none.
	Key []byte

	// Releases limits the site, for tests: fedora-25, el-9, … Default all seven.
	Releases []string
}

// Make makes a demo in dir, or takes the one that is there. A whole demo keeps its trees, whatever became of them; only
// configuration and .repo files follow a new PublicURL. One whose making was interrupted is made anew. A
// directory with anything else in it is refused with ErrNotDemo.
func Make(ctx context.Context, dir string, o Options) (*Site, error) {
	s, err := newSite(dir, o.PublicURL)
	if err != nil {
		return nil, err
	}
	chosen, err := choose(o.Releases)
	if err != nil {
		return nil, err
	}
	m, err := readMarker(s.Dir)
	if err != nil {
		return nil, err
	}
	switch {
	case m != nil && m.Format != markerFormat:
		return nil, fmt.Errorf("%s: a demo of another version of mirrorctl: remove it, or choose another directory", s.Dir)
	case m != nil && m.Whole && len(o.Releases) > 0 && !slices.Equal(m.Releases, names(chosen)):
		return nil, fmt.Errorf("%s: a demo of %s: choose another directory", s.Dir, strings.Join(m.Releases, ", "))
	}
	if m == nil || !m.Whole {
		m = &marker{Format: markerFormat, PublicURL: s.PublicURL, Releases: names(chosen)}
		if err := s.make(ctx, m, chosen, o.Key); err != nil {
			return nil, err
		}
		s.Made = true
	}
	if err := s.writeClients(); err != nil {
		return nil, err
	}
	config, err := s.config()
	if err != nil {
		return nil, err
	}
	if err := durable.WriteFile(s.Config, config, 0o644); err != nil {
		return nil, err
	}
	if !m.Whole || m.PublicURL != s.PublicURL {
		m.Whole, m.PublicURL = true, s.PublicURL
		if err := m.write(s.Dir); err != nil {
			return nil, err
		}
	}
	s.Counts, err = count(s.Root)
	return s, err
}

// choose picks distributions by their names.
func choose(releases []string) ([]*distribution, error) {
	var chosen []*distribution
	for i := range distributions {
		d := &distributions[i]
		if len(releases) == 0 || slices.Contains(releases, d.String()) {
			chosen = append(chosen, d)
		}
	}
	if len(releases) > 0 && len(chosen) != len(releases) {
		return nil, fmt.Errorf("releases %q: the demo has %s", releases, strings.Join(names(allDistributions()), ", "))
	}
	return chosen, nil
}

func allDistributions() []*distribution {
	all, _ := choose(nil) // nothing asked for cannot be missing
	return all
}

func names(list []*distribution) []string {
	var all []string
	for _, d := range list {
		all = append(all, d.String())
	}
	return all
}

// make writes the trees. The marker comes first, so that a crash leaves a directory that is known
// for a demo; that it is whole is said at the end, when all is on disk.
func (s *Site) make(ctx context.Context, m *marker, chosen []*distribution, key []byte) error {
	if err := durable.MkdirAll(s.Dir, 0o755); err != nil {
		return err
	}
	if err := m.write(s.Dir); err != nil {
		return err
	}
	if err := os.RemoveAll(s.Root); err != nil { // what an interrupted Make left; nobody served it yet
		return err
	}
	if key == nil {
		var err error
		if key, err = siteKey(s.Dir); err != nil {
			return err
		}
	}
	sign, err := newSigner(key)
	if err != nil {
		return err
	}
	for _, dir := range []string{s.Root, s.Archive, s.State, s.Clients} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	if err := writeAt(s.KeyFile, sign.public, keyTime); err != nil {
		return err
	}
	if err := writeAt(filepath.Join(s.Root, "README"), []byte(rootReadme), keyTime); err != nil {
		return err
	}
	flavors := []string{"free", "nonfree"}
	for _, flavor := range flavors {
		if err := writeAt(filepath.Join(s.Root, flavor, "RPM-GPG-KEY-demo"), sign.public, keyTime); err != nil {
			return err
		}
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(2 * runtime.GOMAXPROCS(0)) // half of them wait for fsync
	for _, d := range chosen {
		for _, flavor := range flavors {
			g.Go(func() error {
				p := &planter{
					distribution: d, flavor: flavor, root: s.Root, signer: sign,
					repos: releaseFiles(d.Product, flavor, s.PublicURL, sign.public),
				}
				return p.plant(ctx)
			})
		}
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return syncFilesystem(s.Root)
}

// syncFilesystem makes everything on dir's filesystem durable at once: much cheaper than 1,500 times fsync.
func syncFilesystem(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := unix.Syncfs(int(f.Fd())); err != nil {
		return fmt.Errorf("sync %s: %w", dir, err)
	}
	return nil
}

package demo

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"mirrorctl/internal/durable"
)

// Site is a demo on disk. All paths are absolute.
type Site struct {
	Dir       string
	Config    string // mirrorctl.yaml
	Root      string
	Archive   string
	State     string
	Clients   string // fedora/ and el/, in each metalink/, mirrorlist/ and baseurl/ with .repo files
	KeyFile   string // the public key
	PublicURL string // with a trailing slash
	Made      bool   // false where a whole demo was found, and left as it is

	Counts

	listen string
}

func newSite(dir, publicURL string) (*Site, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if publicURL == "" {
		publicURL = "http://127.0.0.1:8080/"
	}
	u, err := url.Parse(publicURL)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("public URL %q: want http://host:port/", publicURL)
	}
	if !strings.HasSuffix(u.Path, "/") {
		u.Path += "/"
	}
	port := u.Port()
	if port == "" {
		port = "8080"
	}
	return &Site{
		Dir:       dir,
		Config:    filepath.Join(dir, "mirrorctl.yaml"),
		Root:      filepath.Join(dir, "pub"),
		Archive:   filepath.Join(dir, "archive"),
		State:     filepath.Join(dir, "state"),
		Clients:   filepath.Join(dir, "clients"),
		KeyFile:   filepath.Join(dir, "clients", "RPM-GPG-KEY-demo"),
		PublicURL: u.String(),
		listen:    "127.0.0.1:" + port,
	}, nil
}

// writeClients writes the .repo files for clients outside: every product, every form.
func (s *Site) writeClients() error {
	key := (&url.URL{Scheme: "file", Path: s.KeyFile}).String()
	for _, product := range []string{"fedora", "el"} {
		for _, f := range forms {
			dir := filepath.Join(s.Clients, product, string(f))
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return err
			}
			for _, flavor := range []string{"free", "nonfree"} {
				for _, st := range stagesOf(product) {
					data := repoFile(product, flavor, st, f, s.PublicURL, key)
					if err := durable.WriteFile(filepath.Join(dir, repoFileName(flavor, st)), data, 0o644); err != nil {
						return err
					}
				}
			}
		}
	}
	return nil
}

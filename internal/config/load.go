package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"mirrorctl/internal/strict"
	"mirrorctl/mirror"
)

// MaxFile is the largest configuration accepted, in bytes.
const MaxFile = strict.MaxFile

// ErrNone says that no configuration file was found.
var ErrNone = errors.New("no configuration file")

// Find returns the configuration file to read: explicit if given, else the first of
// $MIRRORCTL_CONFIG, $XDG_CONFIG_HOME/mirrorctl/mirrorctl.yaml (not for root, whose home is
// a poor place for a service's configuration) and /etc/mirrorctl/mirrorctl.yaml.
func Find(explicit string, getenv func(string) string, uid int) (string, error) {
	if explicit != "" {
		return explicit, nil
	}
	if f := getenv("MIRRORCTL_CONFIG"); f != "" {
		return f, nil
	}
	var places []string
	if uid != 0 {
		if home := getenv("XDG_CONFIG_HOME"); home != "" {
			places = append(places, filepath.Join(home, "mirrorctl/mirrorctl.yaml"))
		} else if home := getenv("HOME"); home != "" {
			places = append(places, filepath.Join(home, ".config/mirrorctl/mirrorctl.yaml"))
		}
	}
	places = append(places, "/etc/mirrorctl/mirrorctl.yaml")
	for _, p := range places {
		if _, err := os.Stat(p); err == nil {
			return p, nil
		} else if !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("look for the configuration: %w", err)
		}
	}
	return "", fmt.Errorf("%w: looked for %s; write one with `mirrorctl config init`, or name one with --config", ErrNone, strings.Join(places, ", "))
}

// Load reads and checks the configuration in file and in the environment.
func Load(file string, getenv func(string) string) (*Config, error) {
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: there is no such configuration file; write one with `mirrorctl config init %s`", file, file)
	} else if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, MaxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	c, err := Parse(file, raw, getenv)
	if err != nil {
		return nil, err
	}
	return c, c.finish()
}

// Parse reads a configuration from raw; file is its name in errors. Relative paths are
// left as they are.
func Parse(file string, raw []byte, getenv func(string) string) (*Config, error) {
	c := Default()
	c.File = file
	if err := strict.Decode(file, raw, c); err != nil {
		return nil, err
	}
	return c, overlay(reflect.ValueOf(c).Elem(), "MIRRORCTL", getenv)
}

// overlay sets every field whose environment variable is set, read as YAML, so that
// lists and numbers are written as in the file.
func overlay(v reflect.Value, prefix string, getenv func(string) string) error {
	for _, f := range strict.Fields(v.Type()) {
		name, field := prefix+"_"+strings.ToUpper(strict.Key(f)), v.FieldByIndex(f.Index)
		if strict.IsSection(field.Type()) {
			if err := overlay(field, name, getenv); err != nil {
				return err
			}
			continue
		}
		text := getenv(name)
		if text == "" {
			continue
		}
		if err := yaml.Unmarshal([]byte(text), field.Addr().Interface()); err != nil {
			return strict.Located("$"+name, err)
		}
	}
	return nil
}

// finish makes paths absolute, relative ones against the file's directory, and looks for
// contradictions that no site can want.
func (c *Config) finish() error {
	base, err := filepath.Abs(filepath.Dir(c.File))
	if err != nil {
		return err
	}
	absolute := func(p string) string {
		if p != "" && p != "-" && !filepath.IsAbs(p) && !strings.HasPrefix(p, "s3://") {
			return filepath.Join(base, p)
		}
		return p
	}
	for _, p := range []*string{&c.Root, &c.State, &c.Archive.Store, &c.AccessLog.File, &c.Copr.Projects, &c.Copr.VM, &c.Copr.Signer} {
		*p = absolute(*p)
	}
	for name, root := range c.Copr.Buildroots {
		c.Copr.Buildroots[name] = absolute(root)
	}
	for i, dir := range c.Copr.Files {
		c.Copr.Files[i] = absolute(dir)
	}
	for i := range c.Copr.Webhooks {
		c.Copr.Webhooks[i].SecretFile = absolute(c.Copr.Webhooks[i].SecretFile)
	}
	for _, dirs := range c.Copr.Targets {
		for i := range dirs {
			dirs[i] = absolute(dirs[i])
		}
	}
	return c.check()
}

// minInterval keeps a loop from doing nothing else.
const minInterval = 10 * time.Millisecond

func (c *Config) check() error {
	file := c.name()
	switch {
	case strings.HasPrefix(c.Archive.Store, "s3://"), strings.HasPrefix(c.State, "s3://"):
		return fmt.Errorf("%s: s3:// is not supported yet; archive.store and state are directories", file)
	case c.Lists.UnknownStatus != 200 && c.Lists.UnknownStatus != 404:
		return fmt.Errorf("%s: lists.unknown_repo_status is %d; it may be 200 or 404", file, c.Lists.UnknownStatus)
	case time.Duration(c.Metadata.Refresh) < minInterval, time.Duration(c.Metadata.Rescan) < minInterval:
		return fmt.Errorf("%s: metadata.refresh is %s and metadata.rescan %s; both must be %s at least", file, c.Metadata.Refresh, c.Metadata.Rescan, Duration(minInterval))
	case c.Copr.Builder != "rpmbuild" && c.Copr.Builder != "mock":
		return fmt.Errorf("%s: copr.builder is %q; it may be rpmbuild or mock", file, c.Copr.Builder)
	case c.Copr.Builders < 0 || c.Copr.Builders > 256:
		return fmt.Errorf("%s: copr.builders is %d; it may be 0 to 256", file, c.Copr.Builders)
	case c.Copr.NoKernel && c.Copr.VM == "":
		return fmt.Errorf("%s: copr.no_kernel without copr.vm: the gate would have nothing to prove a criu on", file)
	case c.AccessLog.Format != "combined" && c.AccessLog.Format != "json":
		return fmt.Errorf("%s: access_log.format is %q; it may be combined or json", file, c.AccessLog.Format)
	}
	for i := range c.Copr.Webhooks {
		if err := c.Copr.Webhooks[i].check(); err != nil {
			return fmt.Errorf("%s: copr.webhooks, number %d: %w", file, i+1, err)
		}
		for _, other := range c.Copr.Webhooks[:i] {
			if other.URL == c.Copr.Webhooks[i].URL {
				return fmt.Errorf("%s: copr.webhooks, number %d: another has the same url", file, i+1)
			}
		}
	}
	if _, err := c.Layout.Compile(); err != nil {
		return fmt.Errorf("%s: layout: %w", file, err)
	}
	calendar, err := mirror.BuiltinCalendar()
	if err != nil {
		return err
	}
	if c.calendar, err = calendar.With(c.Releases); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

// Override puts the values of a command line in place of the file's; empty ones leave it. It
// finishes a configuration that has no file.
func (c *Config) Override(root, listen, admin, public string) error {
	for _, o := range []struct {
		into *string
		text string
	}{{&c.Root, root}, {&c.Listen, listen}, {&c.AdminListen, admin}} {
		if o.text != "" {
			*o.into = o.text
		}
	}
	if public != "" {
		if err := c.PublicURL.UnmarshalText([]byte(public)); err != nil {
			return err
		}
	}
	if root != "" {
		abs, err := filepath.Abs(root)
		if err != nil {
			return err
		}
		c.Root = abs
	}
	switch {
	case c.Root == "":
		return fmt.Errorf("%s: root is missing: the directory that holds the active trees", c.name())
	case c.PublicURL.IsZero():
		return fmt.Errorf("%s: public_url is missing: what clients call this server", c.name())
	}
	return c.check()
}

func (c *Config) name() string {
	if c.File == "" {
		return "configuration"
	}
	return c.File
}

package vm

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"mirrorctl/internal/durable"
)

// debian fetches packages of a suite for one architecture by apt, which checks Debian's signatures; they are unpacked,
// never installed, and kept by their sha256.
//
//	cache/<suite>-<arch>/           apt's state and its archives
//	cache/unpacked/<sha256>/        one package
type debian struct {
	cache, mirror, suite, arch string
}

// debianArch is Debian's word for an architecture.
var debianArch = map[string]string{"x86_64": "amd64", "aarch64": "arm64", "ppc64le": "ppc64el", "s390x": "s390x"}

// aptLock keeps the machines of this process from using one state of apt at a time.
var aptLock sync.Mutex

// locked does what needs apt's state, with the lists read; another process that has it is waited for.
func (d debian) locked(ctx context.Context, do func() error) error {
	aptLock.Lock()
	defer aptLock.Unlock()
	if err := durable.MkdirAll(d.dir(), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(d.dir(), "lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	for durable.Flock(f) != nil {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
	if err := d.prepare(ctx); err != nil {
		return err
	}
	return do()
}

func (d debian) dir() string { return filepath.Join(d.cache, d.suite+"-"+d.arch) }

// prepare makes apt's state and reads Debian's lists when those at hand are older than a day. Nothing is read where they
// cannot be had and older ones are there: a builder without a network goes on with what it has.
func (d debian) prepare(ctx context.Context) error {
	dir := d.dir()
	for _, sub := range []string{"lists/partial", "archives/partial", "etc/preferences.d", "etc/apt.conf.d"} {
		if err := durable.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return err
		}
	}
	source := fmt.Sprintf("deb [arch=%s signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n", d.arch, d.mirror, d.suite)
	for name, content := range map[string]string{"sources.list": source, "status": ""} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			return err
		}
	}
	stamp := filepath.Join(dir, "updated")
	info, err := os.Stat(stamp)
	if err == nil && time.Since(info.ModTime()) < 24*time.Hour {
		return nil
	}
	had := err == nil
	if _, err := d.apt(ctx, "", "apt-get", "update", "-o", "APT::Update::Error-Mode=any"); err != nil {
		if had {
			return nil
		}
		return err
	}
	return os.WriteFile(stamp, nil, 0o644)
}

// apt runs a program of apt on this state alone: the machine's own is neither read nor changed. What it downloads comes
// into the directory at.
func (d debian) apt(ctx context.Context, at, program string, args ...string) (string, error) {
	dir := d.dir()
	options := []string{"-q",
		"-o", "APT::Architecture=" + d.arch, "-o", "APT::Architectures::=" + d.arch,
		"-o", "Dir::Etc=" + dir + "/etc", "-o", "Dir::Etc::sourcelist=" + dir + "/sources.list", "-o", "Dir::Etc::sourceparts=-",
		"-o", "Dir::State=" + dir, "-o", "Dir::State::status=" + dir + "/status", "-o", "Dir::State::lists=" + dir + "/lists",
		"-o", "Dir::Cache=" + dir, "-o", "Dir::Cache::archives=" + dir + "/archives",
		"-o", "APT::Install-Recommends=false", "-o", "Acquire::Languages=none", "-o", "APT::Sandbox::User=root",
	}
	cmd := exec.CommandContext(ctx, program, append(options, args...)...)
	cmd.Dir, cmd.WaitDelay = at, 5*time.Second
	cmd.Env = append(os.Environ(), "LC_ALL=C", "DEBIAN_FRONTEND=noninteractive")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s %s for %s: %w: %s", program, strings.Join(args, " "), d.arch, err, lastLine(stderr.String()))
	}
	return stdout.String(), nil
}

// closure names the packages and all that they depend on: with an empty list of what is installed, a simulated
// installation names everything.
func (d debian) closure(ctx context.Context, names []string) ([]string, error) {
	out, err := d.apt(ctx, "", "apt-get", append([]string{"install", "-y", "-s"}, names...)...)
	if err != nil {
		return nil, err
	}
	var all []string
	for line := range strings.Lines(out) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == "Inst" {
			all = append(all, f[1])
		}
	}
	return all, nil
}

// kernel names the package of the newest kernel: what the package of that name depends on.
func (d debian) kernel(ctx context.Context, name string) (string, error) {
	out, err := d.apt(ctx, "", "apt-cache", "depends", name)
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(out) {
		if _, dep, ok := strings.Cut(line, "Depends: linux-image-"); ok {
			return "linux-image-" + strings.TrimSpace(dep), nil
		}
	}
	return "", fmt.Errorf("find a kernel: %s of %s depends on none", name, d.suite)
}

// known keeps the names that the suite has packages of.
func (d debian) known(ctx context.Context, names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		_, err := d.apt(ctx, "", "apt-cache", "show", name)
		return err != nil
	})
}

// download fetches packages, unpacks each once, and returns their directories.
func (d debian) download(ctx context.Context, names []string) ([]string, error) {
	out, err := d.apt(ctx, "", "apt-get", append([]string{"download", "--print-uris"}, names...)...)
	if err != nil {
		return nil, err
	}
	var dirs, lacking []string
	for line := range strings.Lines(out) { // 'URI' file size SHA256:sum
		f := strings.Fields(line)
		if len(f) != 4 {
			continue
		}
		sum, ok := strings.CutPrefix(f[3], "SHA256:")
		if !ok || len(sum) != 64 {
			return nil, fmt.Errorf("download %s: apt names no SHA-256", f[1])
		}
		dirs = append(dirs, d.unpacked(sum))
		if _, err := os.Stat(d.unpacked(sum)); err != nil {
			name, _, _ := strings.Cut(f[1], "_")
			lacking = append(lacking, name)
		}
	}
	if len(dirs) != len(names) {
		return nil, fmt.Errorf("download %s: apt found %d of %d", strings.Join(names, " "), len(dirs), len(names))
	}
	if len(lacking) > 0 {
		if err := d.fetch(ctx, lacking); err != nil {
			return nil, err
		}
	}
	for _, dir := range dirs {
		if _, err := os.Stat(dir); err != nil {
			return nil, fmt.Errorf("download %s: another file came: %w", strings.Join(lacking, " "), err)
		}
	}
	slices.Sort(dirs)
	return dirs, nil
}

func (d debian) unpacked(sum string) string { return filepath.Join(d.cache, "unpacked", sum) }

// fetch downloads packages and unpacks each under its hash, which apt has held against Debian's signed lists.
func (d debian) fetch(ctx context.Context, names []string) error {
	if err := durable.MkdirAll(filepath.Join(d.cache, "unpacked"), 0o755); err != nil {
		return err
	}
	temp, err := os.MkdirTemp(filepath.Join(d.cache, "unpacked"), durable.TempPrefix)
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	if _, err := d.apt(ctx, temp, "apt-get", append([]string{"download"}, names...)...); err != nil {
		return err
	}
	debs, err := filepath.Glob(filepath.Join(temp, "*.deb"))
	if err != nil {
		return err
	}
	for i, deb := range debs {
		sum, err := sha256Of(deb)
		if err != nil {
			return err
		}
		root := filepath.Join(temp, fmt.Sprint(i))
		if out, err := exec.CommandContext(ctx, "dpkg-deb", "-x", deb, root).CombinedOutput(); err != nil {
			return fmt.Errorf("unpack %s: %w: %s", filepath.Base(deb), err, lastLine(string(out)))
		}
		if err := durable.Rename(root, d.unpacked(sum)); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
	}
	return nil
}

func sha256Of(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func lastLine(s string) string {
	s = strings.TrimSpace(s)
	return s[strings.LastIndexByte(s, '\n')+1:]
}

package sandbox

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// ofHost is what is shown of the host's /etc: how programs are set up, nothing of who and what the host is.
var ofHost = []string{"alternatives", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "rpm", "nsswitch.conf", "protocols", "services", "mime.types",
	"magic", "perl", "python3", "java-17-openjdk", "xml", "sgml", "fonts", "texmf", "profile", "bash.bashrc", "debian_version", "os-release",
	"redhat-release", "fedora-release", "dpkg", "papersize", "asciidoc"}

// hidden are the top directories of a tree that stay out: the sandbox has its own or has none.
var hidden = []string{"boot", "dev", "etc", "home", "lost+found", "media", "mnt", "proc", "root", "run", "srv", "sys", "tmp", "var", Work[1:]}

// systemOf returns the arguments that show a system read-only: the tree root, or what belongs to it of the host.
func systemOf(root string) ([]string, error) {
	if root == "" {
		args, err := show("/", "/", func(name string) bool {
			return name == "usr" || name == "bin" || name == "sbin" || strings.HasPrefix(name, "lib")
		})
		if err != nil {
			return nil, err
		}
		etc, err := show("/etc", "/etc", func(name string) bool { return slices.Contains(ofHost, name) })
		return append(args, etc...), err
	}
	if !filepath.IsAbs(root) {
		return nil, fmt.Errorf("root %q: want an absolute path", root)
	}
	args, err := show(root, "/", func(name string) bool { return !slices.Contains(hidden, name) })
	if err != nil {
		return nil, err
	}
	mine := []string{"passwd", "group", "hosts", "shadow", "gshadow", "resolv.conf", "mtab"}
	etc, err := show(filepath.Join(root, "etc"), "/etc", func(name string) bool { return !slices.Contains(mine, name) })
	if err != nil {
		return nil, err
	}
	lib, err := show(filepath.Join(root, "var"), "/var", func(name string) bool { return name == "lib" })
	return slices.Concat(args, etc, lib), err
}

// show shows the names in dir that are wanted, under the directory at.
func show(dir, at string, wanted func(name string) bool) (args []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("read the root tree: %w", err)
	}
	for _, e := range entries {
		from, to := filepath.Join(dir, e.Name()), filepath.Join(at, e.Name())
		switch {
		case !wanted(e.Name()):
		case e.Type() == os.ModeSymlink:
			target, err := os.Readlink(from)
			if err != nil {
				return nil, fmt.Errorf("read the root tree: %w", err)
			}
			args = append(args, "--symlink", target, to)
		case e.IsDir() || e.Type().IsRegular():
			// What the user of the sandbox may not read is nothing for a build.
			args = append(args, "--ro-bind-try", from, to)
		}
	}
	return args, nil
}

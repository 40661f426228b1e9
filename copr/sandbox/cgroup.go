package sandbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const (
	cgroups     = "/sys/fs/cgroup"
	groupPrefix = "mirrorctl-sandbox-"
)

// group is a control group of one run: one directory with v2, one for each controller with v1. nil is none.
type group struct {
	dirs   []string
	events string // file that counts what the kernel killed for memory
}

// makeGroup makes a group; nil where the caller may not, wholly or in part.
func makeGroup(l Limits) *group {
	name := fmt.Sprintf("%s%d-%d", groupPrefix, os.Getpid(), runs.Add(1))
	paths, err := ownGroups()
	if err != nil {
		return nil
	}
	memory, processes := strconv.FormatInt(l.Memory, 10), strconv.Itoa(l.Processes)
	if _, err := os.Stat(cgroups + "/cgroup.controllers"); err == nil {
		for _, base := range []string{filepath.Dir(paths[""]), paths[""]} {
			dir := filepath.Join(cgroups, base, name)
			if delegated(filepath.Dir(dir)) && makeIn(dir, map[string]string{"memory.max": memory, "pids.max": processes}) {
				os.WriteFile(dir+"/memory.oom.group", []byte("1"), 0)
				return &group{dirs: []string{dir}, events: dir + "/memory.events"}
			}
		}
		return nil
	}
	g := &group{}
	for controller, settings := range map[string]map[string]string{
		"memory": {"memory.limit_in_bytes": memory},
		"pids":   {"pids.max": processes},
	} {
		path, ok := paths[controller]
		if !ok {
			continue
		}
		for _, base := range []string{path, "/"} { // in a container the path may be the host's
			dir := filepath.Join(cgroups, controller, base, name)
			if makeIn(dir, settings) {
				g.dirs = append(g.dirs, dir)
				if controller == "memory" {
					g.events = dir + "/memory.oom_control"
				}
				break
			}
		}
	}
	if g.dirs == nil {
		return nil
	}
	return g
}

// ownGroups are the caller's own groups, by controller; "" is that of v2.
func ownGroups() (map[string]string, error) {
	data, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return nil, err
	}
	paths := map[string]string{}
	for line := range strings.Lines(string(data)) {
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(fields) != 3 {
			continue
		}
		for controller := range strings.SplitSeq(fields[1], ",") {
			paths[controller] = fields[2]
		}
	}
	return paths, nil
}

// delegated reports whether groups made in dir have both controllers.
func delegated(dir string) bool {
	has := func() bool {
		data, _ := os.ReadFile(dir + "/cgroup.subtree_control")
		list := strings.Fields(string(data))
		found := 0
		for _, c := range list {
			if c == "memory" || c == "pids" {
				found++
			}
		}
		return found == 2
	}
	if has() {
		return true
	}
	os.WriteFile(dir+"/cgroup.subtree_control", []byte("+memory +pids"), 0)
	return has()
}

// makeIn makes a group with its settings. It also removes those of callers that were killed.
func makeIn(dir string, settings map[string]string) bool {
	base := filepath.Dir(dir)
	old, _ := filepath.Glob(base + "/" + groupPrefix + "*")
	for _, o := range old {
		owner, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(o), groupPrefix), "-")
		if pid, err := strconv.Atoi(owner); err == nil && errors.Is(unix.Kill(pid, 0), unix.ESRCH) {
			os.Remove(o)
		}
	}
	if os.Mkdir(dir, 0o755) != nil {
		return false
	}
	for file, value := range settings {
		if os.WriteFile(filepath.Join(dir, file), []byte(value), 0) != nil {
			os.Remove(dir)
			return false
		}
	}
	return true
}

// memory reports whether the group limits memory.
func (g *group) memory() bool { return g != nil && g.events != "" }

func (g *group) add(pid int) error {
	if g == nil {
		return nil
	}
	for _, dir := range g.dirs {
		if err := os.WriteFile(dir+"/cgroup.procs", []byte(strconv.Itoa(pid)), 0); err != nil {
			return err
		}
	}
	return nil
}

// killed reports whether the kernel killed a process of the group for want of memory.
func (g *group) killed() bool {
	if !g.memory() {
		return false
	}
	data, _ := os.ReadFile(g.events)
	for line := range strings.Lines(string(data)) {
		if name, count, _ := strings.Cut(strings.TrimSpace(line), " "); name == "oom_kill" && count != "0" {
			return true
		}
	}
	return false
}

// remove removes the group, which is empty: its processes are gone, which the kernel may take a moment to note.
func (g *group) remove() {
	if g == nil {
		return
	}
	for _, dir := range g.dirs {
		for range 50 {
			if err := os.Remove(dir); !errors.Is(err, unix.EBUSY) {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
}

// Limiter says how limits are held here.
func Limiter() string {
	g := makeGroup(Limits{}.withDefaults())
	defer g.remove()
	switch {
	case g == nil:
		return "rlimits; memory is limited for each process alone, since no cgroup can be made"
	case len(g.dirs) == 1 && g.memory():
		return "cgroup v2 (memory, pids) and rlimits"
	case g.memory():
		return "cgroup v1 (memory, pids) and rlimits"
	}
	return "cgroup v1 (pids) and rlimits; memory is limited for each process alone"
}

// Package hub runs a rebuild hub as its users do: the built program, a directory with declarations, the commands of
// `mirrorctl copr`. The tests beside it attack it, kill it, and give it builders on other machines.
//
//	h := hub.New(t, "builders: 2")                         a directory, and what its configuration says below copr:
//	h.Declare(t, "o/p", "packages: …", "tiny.spec", text)  a project and its files
//	h.Start(t)
//	b := h.Wait(t, h.Submit(t, "tiny"), time.Minute)
package hub

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"mirrorctl/copr"
	"mirrorctl/test/binary"
)

// Hub is a site with a rebuild hub.
type Hub struct {
	*binary.Site
	*binary.Server // the running service; see Start

	addr, admin string // the same after every restart
}

// New makes one. extra are lines of the configuration's copr section.
func New(t testing.TB, extra ...string) *Hub { return At(t, binary.FreeAddr(t), extra...) }

// At is New with an address for clients and builders.
func At(t testing.TB, addr string, extra ...string) *Hub {
	t.Helper()
	dir := t.TempDir()
	for _, sub := range []string{"pub", "state", "copr.d"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	h := &Hub{Site: binary.At(t, dir), addr: addr, admin: binary.FreeAddr(t)}
	text := "root: pub\nstate: state\nlayout: copr\ndrain: 2s\ncopr:\n  projects: copr.d\n"
	for _, line := range extra {
		text += "  " + line + "\n"
	}
	h.write(t, "mirrorctl.yaml", text)
	return h
}

// Declare declares a project: body is its YAML, files are names and contents beside it.
func (h *Hub) Declare(t testing.TB, project, body string, files ...string) {
	t.Helper()
	for i := 0; i+1 < len(files); i += 2 {
		h.write(t, filepath.Join("copr.d", files[i]), files[i+1])
	}
	h.write(t, filepath.Join("copr.d", strings.ReplaceAll(project, "/", "-")+".yaml"), "project: "+project+"\n"+body)
}

func (h *Hub) write(t testing.TB, name, text string) {
	t.Helper()
	name = filepath.Join(h.Dir, name)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Start starts the service, also after Stop and Kill, and waits until the hub answers.
func (h *Hub) Start(t testing.TB) {
	t.Helper()
	h.Server = h.ServeAt(t, h.addr, h.admin)
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		r := h.Run(t, "copr", "project", "list")
		if r.Code == 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("the hub does not answer: %s", r.Stderr)
		}
	}
}

// Submit begins a build with `copr build` and returns its number.
func (h *Hub) Submit(t testing.TB, pkg string, args ...string) uint64 {
	t.Helper()
	var b copr.Build
	h.answer(t, &b, append([]string{"copr", "build", "--no-wait", "-o", "json", pkg}, args...)...)
	return b.ID
}

// Build is the record of a build.
func (h *Hub) Build(t testing.TB, id uint64) copr.Build {
	t.Helper()
	var all []copr.Build
	h.answer(t, &all, "copr", "builds", "-o", "json", "--limit", "1", "--before", strconv.FormatUint(id+1, 10))
	if len(all) != 1 || all[0].ID != id {
		t.Fatalf("build %d: the hub lists %+v", id, all)
	}
	return all[0]
}

// Until waits for what is wanted of a build.
func (h *Hub) Until(t testing.TB, id uint64, within time.Duration, what string, ok func(copr.Build) bool) copr.Build {
	t.Helper()
	for end := time.Now().Add(within); ; time.Sleep(100 * time.Millisecond) {
		b := h.Build(t, id)
		if ok(b) {
			return b
		}
		if time.Now().After(end) {
			t.Fatalf("build %d is not %s within %s: %s", id, what, within, Describe(b))
		}
	}
}

// Wait waits until a build has ended.
func (h *Hub) Wait(t testing.TB, id uint64, within time.Duration) copr.Build {
	t.Helper()
	return h.Until(t, id, within, "over", func(b copr.Build) bool { return b.State.Ended() })
}

// Log is what `copr logs` prints; "" where there is no log.
func (h *Hub) Log(t testing.TB, id uint64, chroot copr.Chroot) string {
	t.Helper()
	return h.Run(t, "copr", "logs", strconv.FormatUint(id, 10), chroot.String()).Stdout
}

// Published are the binary packages below the results tree, by their paths in it, and the source packages.
func (h *Hub) Published(t testing.TB) (binaries, sources []string) {
	t.Helper()
	root := filepath.Join(h.Dir, "pub", "results")
	err := filepath.WalkDir(root, func(name string, d os.DirEntry, err error) error {
		switch name := strings.TrimPrefix(name, root+"/"); {
		case err != nil:
		case strings.HasSuffix(name, ".src.rpm"):
			sources = append(sources, name)
		case strings.HasSuffix(name, ".rpm"):
			binaries = append(binaries, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(binaries)
	slices.Sort(sources)
	return binaries, sources
}

func (h *Hub) answer(t testing.TB, into any, args ...string) {
	t.Helper()
	if err := json.Unmarshal([]byte(h.Must(t, args...).Stdout), into); err != nil {
		t.Fatalf("mirrorctl %s: %v", strings.Join(args, " "), err)
	}
}

// Describe says how a build stands, in one line.
func Describe(b copr.Build) string {
	text := fmt.Sprintf("%s %s", b.Package, b.State)
	if b.Reason != "" {
		text += ": " + b.Reason
	}
	for _, c := range b.Chroots {
		text += fmt.Sprintf("; %s %s %s attempt %d, delivery %d, builder %q: %s", c.Chroot, c.State, c.Step, c.Attempt, c.Delivery, c.Builder, c.Reason)
	}
	return text
}

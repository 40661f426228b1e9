package hub_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mirrorctl/copr"
	"mirrorctl/copr/dock"
	"mirrorctl/copr/queue"
	"mirrorctl/copr/rpmbuild"
	"mirrorctl/copr/worker"
	"mirrorctl/test/binary"
	"mirrorctl/test/hub"
)

// liar is a builder whose machine belongs to somebody else: it has a good token, and delivers what it likes.
type liar struct {
	rpmbuild.Builder
	specs map[string]string // which to build instead, by package
	t     *testing.T
}

func (l *liar) Build(ctx context.Context, t copr.Task, w copr.Workspace) (copr.Outcome, error) {
	if spec, lies := l.specs[t.Package]; lies {
		dir := l.t.TempDir()
		name := filepath.Join(dir, t.Package+".spec")
		if err := os.WriteFile(name, []byte("%global upstream_version 1\n"+spec), 0o644); err != nil {
			return copr.Outcome{}, err
		}
		if err := (rpmbuild.Maker{}).MakeSRPM(ctx, name, l.t.TempDir(), dir, t.Epoch, nil); err != nil {
			return copr.Outcome{}, err
		}
		all, err := filepath.Glob(filepath.Join(dir, "*.src.rpm"))
		if err != nil || len(all) != 1 {
			l.t.Errorf("source packages %q, %v", all, err)
		}
		w.SRPM = all[0]
	}
	out, err := l.Builder.Build(ctx, t, w)
	if t.Package == "corrupt" { // before anybody has taken its sum
		flip(l.t, packageOf(l.t, w.Results))
	}
	return out, err
}

// bay is where the liar delivers: it lies once more, after the sums were taken.
type bay struct {
	*dock.Client
	t *testing.T
}

func (b bay) Deliver(ctx context.Context, t copr.Task, r copr.Result, dir string) error {
	switch t.Package {
	case "flipped":
		flip(b.t, packageOf(b.t, dir))
	case "empty":
		r.Files = slices.DeleteFunc(r.Files, func(f copr.File) bool { return strings.HasSuffix(f.Name, ".rpm") })
	case "upwards":
		name := packageOf(b.t, dir)
		if err := os.Rename(name, filepath.Join(dir, "..", filepath.Base(name))); err != nil {
			b.t.Error(err)
		}
		for i, f := range r.Files {
			if f.Name == filepath.Base(name) {
				r.Files[i].Name = "../" + f.Name
			}
		}
	}
	return b.Client.Deliver(ctx, t, r, dir)
}

func packageOf(t *testing.T, dir string) string {
	all, err := filepath.Glob(filepath.Join(dir, "*.rpm"))
	if err != nil || len(all) == 0 {
		t.Errorf("packages %q, %v", all, err)
		return filepath.Join(dir, "none")
	}
	return all[0]
}

// flip changes a byte near the end: in the payload.
func flip(t *testing.T, name string) {
	data, err := os.ReadFile(name)
	if err == nil && len(data) > 20 {
		data[len(data)-20] ^= 1
		err = os.WriteFile(name, data, 0o644)
	}
	if err != nil {
		t.Error(err)
	}
}

const file = "%install\ninstall -D -m 755 /usr/bin/id %{buildroot}/usr/bin/x\n%files\n/usr/bin/x\n"

func TestLiar(t *testing.T) {
	hub.NeedBuilds(t)
	t.Parallel()
	tests := []struct{ name, instead, reason string }{
		{"honest", "", ""},
		{"replaced", hub.Spec("glibc", file), "glibc-1-1." + hub.Chroot.Arch + ".rpm was made from"},
		{"more", hub.Spec("more", "%package -n sudo\nSummary: x\n%description -n sudo\nx\n%files -n sudo\n"+file), "the spec declares no package sudo"},
		{"newer", strings.Replace(hub.Spec("newer", file), "Release: 1", "Release: 99", 1), "has version 1-99"},
		{"rooted", hub.Spec("rooted", strings.Replace(file, "%files\n", "%files\n%attr(4755,root,root) ", 1)), "is setuid"},
		{"empty", "", "there is no binary package"},
		{"corrupt", "", "corrupt-1-1"},
		{"flipped", "", "handed to builders 4 times and never finished"},
		{"upwards", "", "handed to builders 4 times and never finished"},
	}
	queueAddr := binary.FreeAddr(t)
	h := hub.New(t, "builders: 0", "listen: "+queueAddr)
	var packages strings.Builder
	var files []string
	l := &liar{specs: map[string]string{}, t: t}
	for _, tt := range tests {
		packages.WriteString(hub.Package(tt.name, ""))
		files = append(files, tt.name+".spec", hub.Spec(tt.name, file))
		if tt.instead != "" {
			l.specs[tt.name] = tt.instead
		}
	}
	h.Declare(t, "o/p", hub.Plain(packages.String()), files...)
	h.Start(t)
	token := strings.TrimSpace(h.Must(t, "copr", "builder", "add", "liar", hub.Chroot.Arch).Stdout)

	ctx, stop := context.WithCancel(t.Context())
	tasks, err := queue.Dial(ctx, queue.DialConfig{URL: "nats://" + queueAddr, Name: "liar", Token: token, Arches: []string{hub.Chroot.Arch}})
	if err != nil {
		t.Fatal(err)
	}
	defer tasks.Close()
	client := &dock.Client{URL: strings.TrimSuffix(h.URL, "/"), Name: "liar", Token: token}
	w := &worker.Worker{
		Name: "liar", Tasks: tasks, Lease: client, Dock: bay{client, t}, Builder: l, Dir: t.TempDir(), Log: slog.New(slog.DiscardHandler),
		Jobs: 2, Beat: 300 * time.Millisecond,
	}
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	defer func() { stop(); <-done }()

	var ids []uint64
	for _, tt := range tests {
		ids = append(ids, h.Submit(t, tt.name))
	}
	for i, tt := range tests {
		b := h.Wait(t, ids[i], 2*time.Minute)
		if tt.reason == "" && b.State == copr.Succeeded {
			continue
		}
		if tt.reason == "" || b.State != copr.Failed || !strings.Contains(b.Chroots[0].Reason, tt.reason) {
			t.Errorf("%s: want %q: %s\n%s", tt.name, tt.reason, hub.Describe(b), h.Log(t, ids[i], hub.Chroot))
			continue
		}
		t.Logf("%s: %s", tt.name, b.Chroots[0].Reason)
	}
	signed(t, h, []string{"honest-1-1." + hub.Chroot.Arch + ".rpm"})
}

package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"mirrorctl/copr"
	"mirrorctl/copr/dock"
	"mirrorctl/copr/queue"
	"mirrorctl/copr/worker"
)

// role is what a process is told, as JSON in its environment.
type role struct {
	Role        string // hub, builder, nats
	Name, Token string // of a builder
	Dir         string
	HTTP, NATS  string // addresses
	External    bool   // NATS is a server of its own
	Journal     string // what has ended, or was delivered, a line each
	Script      string // what builds
}

const roleEnv = "QUEUE_ROLE"

func TestMain(m *testing.M) {
	text := os.Getenv(roleEnv)
	if text == "" {
		os.Exit(m.Run())
	}
	var r role
	err := json.Unmarshal([]byte(text), &r)
	if err == nil {
		err = map[string]func(context.Context, role) error{"hub": hub, "builder": builder, "nats": natsServer}[r.Role](context.Background(), r)
	}
	fmt.Fprintln(os.Stderr, r.Role, r.Name, "ends:", err)
	os.Exit(1)
}

func logTo(r role) *slog.Logger {
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelInfo})).With("role", r.Role+r.Name)
}

// journal appends a line. It is written at once and whole.
func journal(r role, line string) error {
	f, err := os.OpenFile(r.Journal, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.WriteString(line + "\n")
	return errors.Join(err, f.Close())
}

func natsServer(ctx context.Context, r role) error {
	host, port, err := net.SplitHostPort(r.NATS)
	if err != nil {
		return err
	}
	o := &server.Options{Host: host, JetStream: true, StoreDir: r.Dir, SyncAlways: true, NoSigs: true, NoLog: true}
	if o.Port, err = strconv.Atoi(port); err != nil {
		return err
	}
	s, err := server.NewServer(o)
	if err != nil {
		return err
	}
	s.Start()
	<-ctx.Done()
	return ctx.Err()
}

// engine ends what is delivered, as the hub does after its checks.
type engine struct {
	role
	dock   *dock.Dock
	ledger *queue.Ledger
	srpm   copr.File
}

func (e *engine) Compose(_ context.Context, b *copr.Build, _ copr.Chroot) (copr.Task, error) {
	return copr.Task{Project: b.Project, Package: b.Package, SRPM: b.SRPM, Timeout: time.Minute, Epoch: 1, Script: e.Script}, nil
}

func (e *engine) run(ctx context.Context) error {
	changes := e.ledger.Watch(ctx)
	for _, b := range e.ledger.Open() {
		if err := e.end(ctx, b); err != nil {
			return err
		}
	}
	for b := range changes {
		if err := e.end(ctx, b); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (e *engine) end(ctx context.Context, b *copr.Build) error {
	for _, c := range b.Chroots {
		if c.State != copr.Running || c.Step != copr.StepCheck {
			continue
		}
		if err := e.publish(b.ID, c); err != nil {
			return err
		}
		ended := false
		err := e.ledger.Update(ctx, b.ID, func(b *copr.Build) error {
			now := b.Chroot(c.Chroot)
			if ended = now.State == copr.Running && now.Step == copr.StepCheck; ended {
				now.State, now.Step = copr.Succeeded, ""
				if now.Result.Exit != 0 {
					now.State, now.Reason = copr.Failed, now.Result.Reason
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		if ended {
			if err := journal(e.role, fmt.Sprintf("%d/%s", b.ID, c.Chroot)); err != nil {
				return err
			}
		}
	}
	return nil
}

// publish links the files of a result to where they stay: once a build has ended, its inbox is nobody's.
func (e *engine) publish(id uint64, c copr.BuildChroot) error {
	dir := filepath.Join(e.Dir, "published", strconv.FormatUint(id, 10))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, f := range c.Result.Files {
		err := os.Link(filepath.Join(e.dock.Inbox(id, c.Chroot, c.Attempt), f.Name), filepath.Join(dir, f.Name))
		if err != nil && !errors.Is(err, os.ErrExist) {
			return fmt.Errorf("build %d was delivered: %w", id, err)
		}
	}
	return nil
}

func (e *engine) submit(w http.ResponseWriter, r *http.Request) {
	b := &copr.Build{
		Project: copr.ProjectName{Owner: "o", Name: r.FormValue("project")}, Package: "tiny", SRPM: e.srpm, Submitted: time.Now(),
		Chroots: []copr.BuildChroot{{Chroot: copr.Chroot{Distribution: "epel", Version: "9", Arch: "x86_64"}, State: copr.Importing}},
	}
	err := e.ledger.Create(r.Context(), b)
	dir := filepath.Join(e.Dir, "srpm", strconv.FormatUint(b.ID, 10))
	if err == nil {
		err = os.MkdirAll(dir, 0o755)
	}
	if err == nil {
		err = os.Link(filepath.Join(e.Dir, e.srpm.Name), filepath.Join(dir, e.srpm.Name))
	}
	if err == nil {
		err = e.ledger.Update(r.Context(), b.ID, func(b *copr.Build) error { b.Chroots[0].State = copr.Pending; return nil })
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

func hub(ctx context.Context, r role) error {
	log := logTo(r)
	keys, err := dock.OpenKeys(filepath.Join(r.Dir, "builders.json"))
	if err != nil {
		return err
	}
	c := queue.Config{Dir: filepath.Join(r.Dir, "queue"), Listen: r.NATS, Keys: keys, AckWait: 2 * time.Second, Log: log}
	if r.External {
		c = queue.Config{URL: "nats://" + r.NATS, AckWait: 2 * time.Second, Log: log}
	}
	q, err := queue.Open(ctx, c)
	for tries := 0; r.External && err != nil && tries < 50; tries++ { // its server is being restarted
		time.Sleep(100 * time.Millisecond)
		q, err = queue.Open(ctx, c)
	}
	if err != nil {
		return err
	}
	e := &engine{role: r, ledger: q.Ledger()}
	if e.srpm, err = fileAt(filepath.Join(r.Dir, "tiny-1-1.src.rpm")); err != nil {
		return err
	}
	if e.dock, err = dock.Open(dock.Config{Dir: r.Dir, Ledger: q.Ledger(), Deliveries: 50, Silence: time.Second, Log: log}); err != nil {
		return err
	}
	if err := e.dock.Recover(ctx); err != nil {
		return err
	}
	handler := &dock.Handler{Dock: e.dock, Keys: keys}
	mux := http.NewServeMux()
	mux.HandleFunc("/builder/", func(w http.ResponseWriter, r *http.Request) {
		if err := handler.Serve(w, r); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	mux.HandleFunc("POST /submit", e.submit)
	mux.HandleFunc("GET /builds", func(w http.ResponseWriter, r *http.Request) {
		if err := json.NewEncoder(w).Encode(q.Ledger().List(copr.Query{})); err != nil {
			log.Warn("builds not listed", "error", err)
		}
	})
	l, err := net.Listen("tcp", r.HTTP)
	if err != nil {
		return err
	}
	ended := make(chan error, 3)
	go func() { ended <- http.Serve(l, mux) }()
	go func() { ended <- (&queue.Scheduler{Queue: q, Composer: e, Sweep: time.Second, Log: log}).Run(ctx) }()
	go func() { ended <- retry(ctx, e.run, log) }()
	return <-ended
}

// retry runs the engine again where an external queue was away.
func retry(ctx context.Context, run func(context.Context) error, log *slog.Logger) error {
	for {
		err := run(ctx)
		log.Warn("engine", "error", err)
		time.Sleep(200 * time.Millisecond)
	}
}

func builder(ctx context.Context, r role) error {
	arches := []string{"x86_64"}
	log := logTo(r)
	d := queue.DialConfig{URL: "nats://" + r.NATS, Name: r.Name, Token: r.Token, Arches: arches, Log: log}
	if r.External {
		d.Token = "" // its server knows no users
	}
	tasks, err := queue.Dial(ctx, d)
	if err != nil {
		return err
	}
	c := &dock.Client{URL: "http://" + r.HTTP, Name: r.Name, Token: r.Token}
	w := &worker.Worker{Name: r.Name, Tasks: tasks, Lease: c, Dock: counting{c, r}, Builder: scripted{}, Dir: r.Dir,
		Log: log, Jobs: 2, Beat: 300 * time.Millisecond}
	return w.Run(ctx)
}

// counting writes down what the hub has taken.
type counting struct {
	*dock.Client
	role
}

func (c counting) Deliver(ctx context.Context, t copr.Task, r copr.Result, dir string) error {
	if err := c.Client.Deliver(ctx, t, r, dir); err != nil {
		return err
	}
	return journal(c.role, t.ID())
}

// scripted runs the task's script in a sandbox that dies with this process, whatever ends it.
type scripted struct{}

func (scripted) Name() string { return "script" }

func (scripted) Build(ctx context.Context, t copr.Task, w copr.Workspace) (copr.Outcome, error) {
	cmd := exec.CommandContext(ctx, "bwrap", "--die-with-parent", "--unshare-pid", "--unshare-net", "--ro-bind", "/", "/",
		"--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp", "--tmpfs", "/var/tmp", "--bind", filepath.Dir(w.Results), filepath.Dir(w.Results),
		"--ro-bind", w.SRPM, "/tmp/source.src.rpm", "--chdir", w.Scratch, "sh", "-ec", t.Script, "sh", w.Results, w.Scratch)
	cmd.Env = append(os.Environ(), "HOME="+w.Scratch, "SOURCE_DATE_EPOCH=1")
	cmd.Stdout, cmd.Stderr = w.Log, w.Log
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && ctx.Err() == nil {
		return copr.Outcome{Exit: exit.ExitCode(), Reason: "the script failed"}, nil
	}
	return copr.Outcome{Root: "the host"}, err
}

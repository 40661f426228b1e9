package console

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strconv"
	"time"

	"mirrorctl/copr"
	"mirrorctl/internal/socket"
)

// Server answers operators.
type Server struct {
	Hub      Hub
	Records  Records
	Logs     Logs
	Builders Builders
	Log      *slog.Logger
}

// maxOrder is the largest body that is read.
const maxOrder = 64 << 10

// Serve answers on a unix socket at path until ctx ends. The socket belongs to this user alone.
func (s *Server) Serve(ctx context.Context, path string) error {
	l, err := socket.Listen(path, 0o600)
	if err != nil {
		return fmt.Errorf("listen for operators: %w", err)
	}
	server := &http.Server{Handler: s.handler(), ReadHeaderTimeout: 5 * time.Second, BaseContext: func(net.Listener) context.Context { return ctx }}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		return errors.Join(server.Close(), ctx.Err())
	}
}

func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	for pattern, h := range map[string]func(http.ResponseWriter, *http.Request) error{
		"GET /projects":    s.projects,
		"GET /builds":      s.list,
		"POST /builds":     s.submit,
		"GET /builds/{id}": s.build,
		"POST /builds/{id}/cancel": s.change(func(r *http.Request, id uint64, c Choice) (*copr.Build, error) {
			return s.Hub.Cancel(r.Context(), id, c.Who)
		}),
		"POST /builds/{id}/retry": s.change(func(r *http.Request, id uint64, c Choice) (*copr.Build, error) {
			return s.Hub.Retry(r.Context(), id, c.Chroots)
		}),
		"POST /builds/{id}/promote": s.change(func(r *http.Request, id uint64, c Choice) (*copr.Build, error) {
			return s.Hub.Promote(r.Context(), id, c.Chroots)
		}),
		"GET /builds/{id}/logs/{chroot}": s.logs,
		"GET /builders":                  s.builders,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if err := h(w, r); err != nil {
				s.fail(w, r, err)
			}
		})
	}
	return mux
}

// Choice is the body of what changes a build.
type Choice struct {
	Who     string        `json:"who,omitempty"`
	Chroots []copr.Chroot `json:"chroots,omitempty"` // none: all
}

// badRequest is an error of whoever asks.
type badRequest struct{ error }

// status is the one table from errors to statuses; the client's reads it backwards.
func status(err error) int {
	var bad badRequest
	switch {
	case errors.As(err, &bad):
		return http.StatusBadRequest
	case errors.Is(err, fs.ErrNotExist):
		return http.StatusNotFound
	case errors.Is(err, copr.ErrRefused):
		return http.StatusConflict
	}
	return http.StatusInternalServerError
}

func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	code := status(err)
	if code == http.StatusInternalServerError && r.Context().Err() == nil {
		s.Log.ErrorContext(r.Context(), "an operator's request had trouble", "path", r.URL.Path, "error", err)
	}
	http.Error(w, err.Error(), code)
}

func answer(w http.ResponseWriter, v any) error {
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(v)
}

func (s *Server) projects(w http.ResponseWriter, _ *http.Request) error {
	return answer(w, s.Hub.Projects())
}

func (s *Server) builders(w http.ResponseWriter, r *http.Request) error {
	all, err := s.Builders.Builders(r.Context())
	if err != nil {
		return err
	}
	return answer(w, all)
}

func (s *Server) list(w http.ResponseWriter, r *http.Request) error {
	f := r.URL.Query()
	q := copr.Query{Package: f.Get("package"), State: copr.State(f.Get("state")), Limit: 100}
	var err error
	if p := f.Get("project"); p != "" {
		if q.Project, err = copr.ParseProjectName(p); err != nil {
			return badRequest{err}
		}
	}
	if text := f.Get("limit"); text != "" {
		if q.Limit, err = strconv.Atoi(text); err != nil || q.Limit < 1 {
			return badRequest{errors.New("limit: want a number above 0")}
		}
	}
	if text := f.Get("before"); text != "" {
		if q.Before, err = strconv.ParseUint(text, 10, 64); err != nil {
			return badRequest{err}
		}
	}
	found := s.Records.List(q)
	all := make([]copr.Build, len(found))
	for i, b := range found {
		all[i] = *b
		all[i].Chroots = slices.Clone(b.Chroots) // records are shared
		for k := range all[i].Chroots {
			all[i].Chroots[k].Result = nil
		}
	}
	return answer(w, all)
}

func (s *Server) submit(w http.ResponseWriter, r *http.Request) error {
	var o copr.Order
	if err := body(r, &o); err != nil {
		return err
	}
	b, err := s.Hub.Submit(r.Context(), o)
	if err != nil {
		return err
	}
	return answer(w, b)
}

func body(r *http.Request, v any) error {
	dec := json.NewDecoder(http.MaxBytesReader(nil, r.Body, maxOrder))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return badRequest{err}
	}
	return nil
}

func (s *Server) change(do func(*http.Request, uint64, Choice) (*copr.Build, error)) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		id, err := buildID(r)
		if err != nil {
			return err
		}
		var c Choice
		if err := body(r, &c); err != nil {
			return err
		}
		b, err := do(r, id, c)
		if err != nil {
			return err
		}
		return answer(w, b)
	}
}

func buildID(r *http.Request) (uint64, error) {
	id, err := strconv.ParseUint(r.PathValue("id"), 10, 64)
	if err != nil {
		return 0, badRequest{errors.New("build " + strconv.Quote(r.PathValue("id")) + ": want its number")}
	}
	return id, nil
}

func (s *Server) build(w http.ResponseWriter, r *http.Request) error {
	id, err := buildID(r)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	var changed <-chan *copr.Build
	if r.URL.Query().Get("watch") != "" {
		changed = s.Records.Watch(ctx) // before the first look, so that nothing falls between them
	}
	b, err := s.Records.Get(ctx, id)
	if err != nil {
		return err
	}
	for {
		if b.ID == id {
			if err := answer(w, b); err != nil || b.State.Ended() || changed == nil {
				return nil // who has gone needs no answer
			}
			http.NewResponseController(w).Flush()
		}
		var ok bool
		if b, ok = <-changed; !ok { // the hub stops: the client asks again
			return nil
		}
	}
}

func (s *Server) logs(w http.ResponseWriter, r *http.Request) error {
	id, err := buildID(r)
	if err != nil {
		return err
	}
	c, err := copr.ParseChroot(r.PathValue("chroot"))
	if err != nil {
		return badRequest{err}
	}
	log, err := s.Logs.Open(r.Context(), id, c, r.URL.Query().Get("follow") != "")
	if err != nil {
		return err
	}
	defer log.Close()
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	buf := make([]byte, 32<<10)
	for {
		n, err := log.Read(buf)
		if _, werr := w.Write(buf[:n]); werr != nil {
			return nil
		}
		http.NewResponseController(w).Flush()
		if err == io.EOF {
			return nil
		} else if err != nil {
			s.Log.WarnContext(r.Context(), "a log broke off", "build", id, "error", err)
			return nil
		}
	}
}

package console

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
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

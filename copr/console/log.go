package console

import (
	"io"
	"net/http"

	"mirrorctl/copr"
)

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

package console

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"

	"mirrorctl/copr"
)

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
			all[i].Chroots[k].Result = nil // a list shows none, and they are most of a record
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

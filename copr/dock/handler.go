package dock

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"mirrorctl/copr"
)

// refusedHeader says which error an answer is, so that the client returns the same.
const refusedHeader = "Mirrorctl-Refused"

// refusals is the one table between errors and answers.
var refusals = []struct {
	word   string
	status int
	err    error
}{
	{"foreign", http.StatusForbidden, ErrForeign},
	{"duplicate", http.StatusConflict, ErrDuplicate},
	{"stale", http.StatusConflict, ErrStale},
	{"held", http.StatusConflict, ErrHeld},
	{"incomplete", http.StatusConflict, errIncomplete},
	{"gap", http.StatusConflict, errGap},
	{"bad", http.StatusUnprocessableEntity, ErrBad},
	{"unknown", http.StatusUnauthorized, ErrUnknown},
}

// ErrUnknown is for a builder whose name and token are not in the keys.
var ErrUnknown = errors.New("unknown builder, or not its token: add it with `mirrorctl copr builder add`")

// Handler serves builders elsewhere, below /builder/.
//
//	GET  /builder/hello              → {"arches": […]} that the builder may build for
//	POST /builder/hold/TASK?at=STEP  → {"delivery": N}; of delivery 0 it is a taking
//	POST /builder/release/TASK       the reason
//	GET  /builder/source/TASK        the source package
//	POST /builder/log/TASK?offset=N  bytes
//	PUT  /builder/file/TASK/NAME     bytes, with Content-Length and X-SHA256
//	POST /builder/deliver/TASK       the result as JSON
//
// TASK is build/chroot/attempt/delivery. Each request carries Authorization: Bearer NAME:TOKEN.
type Handler struct {
	Dock *Dock
	Keys *Keys
}

type route func(ctx context.Context, b *Builder, w http.ResponseWriter, r *http.Request) error

// Serve answers one request. What a builder did wrong is answered here; an error is the hub's own.
func (h *Handler) Serve(w http.ResponseWriter, r *http.Request) error {
	name, token, _ := strings.Cut(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), ":")
	arches, ok := h.Keys.Check(name, token)
	if !ok {
		w.Header().Set("WWW-Authenticate", `Bearer realm="mirrorctl builder"`)
		return refuse(w, ErrUnknown)
	}
	var failed error
	mux := http.NewServeMux()
	for pattern, do := range map[string]route{
		"GET /builder/hello": hello,
		"POST /builder/hold/{build}/{chroot}/{attempt}/{delivery}":       hold,
		"POST /builder/release/{build}/{chroot}/{attempt}/{delivery}":    release,
		"GET /builder/source/{build}/{chroot}/{attempt}/{delivery}":      source,
		"POST /builder/log/{build}/{chroot}/{attempt}/{delivery}":        appendLog,
		"PUT /builder/file/{build}/{chroot}/{attempt}/{delivery}/{name}": putFile,
		"POST /builder/deliver/{build}/{chroot}/{attempt}/{delivery}":    deliver,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			// A builder that stalls holds a connection and no more, and not for ever: 10 kB/s is the least.
			limit := time.Minute + time.Duration(max(r.ContentLength, 0)/10_000)*time.Second
			conn, end := http.NewResponseController(w), time.Now().Add(limit)
			for _, set := range []func(time.Time) error{conn.SetReadDeadline, conn.SetWriteDeadline} { // of the server's own, the answer's began with the header
				if err := set(end); err != nil && !errors.Is(err, http.ErrNotSupported) {
					failed = err
					return
				}
				end = end.Add(time.Minute)
			}
			failed = do(r.Context(), h.Dock.For(name, arches), w, r)
		})
	}
	mux.ServeHTTP(w, r)
	return refuse(w, failed)
}

// refuse answers what is the builder's own fault and returns what is not.
func refuse(w http.ResponseWriter, err error) error {
	for _, f := range refusals {
		if errors.Is(err, f.err) {
			w.Header().Set(refusedHeader, f.word)
			http.Error(w, err.Error(), f.status)
			return nil
		}
	}
	return err
}

func hold(ctx context.Context, b *Builder, w http.ResponseWriter, r *http.Request) error {
	t, err := taskOf(r)
	if err != nil {
		return err
	}
	at := copr.Step(r.URL.Query().Get("at"))
	switch at {
	case "", copr.StepBuild, copr.StepGate:
	default:
		return fmt.Errorf("step %q is not a builder's: %w", at, ErrBad)
	}
	if t, err = b.Hold(ctx, t, at); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(heldTask{t.Delivery})
}

// greeting answers a builder that begins.
type greeting struct {
	Arches []string `json:"arches"`
}

func hello(_ context.Context, b *Builder, w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(greeting{b.arches})
}

// heldTask answers who holds a task.
type heldTask struct {
	Delivery int `json:"delivery"`
}

func release(ctx context.Context, b *Builder, w http.ResponseWriter, r *http.Request) error {
	t, err := taskOf(r)
	if err != nil {
		return err
	}
	reason, err := read(r, maxChunk)
	if err != nil {
		return err
	}
	return done(w, b.Release(ctx, t, string(reason)))
}

func source(ctx context.Context, b *Builder, w http.ResponseWriter, r *http.Request) error {
	t, err := taskOf(r)
	if err != nil {
		return err
	}
	f, err := b.source(ctx, t)
	if err != nil {
		return err
	}
	defer f.Close() // read only
	st, err := f.Stat()
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/x-rpm")
	w.Header().Set("Content-Length", strconv.FormatInt(st.Size(), 10))
	_, err = io.Copy(w, f)
	return err
}

const maxChunk = 1 << 20 // bytes of a log in one request

func appendLog(ctx context.Context, b *Builder, w http.ResponseWriter, r *http.Request) error {
	t, err := taskOf(r)
	if err != nil {
		return err
	}
	offset, err := strconv.ParseInt(r.URL.Query().Get("offset"), 10, 63)
	if err != nil || offset < 0 {
		return fmt.Errorf("offset %q: want a number: %w", r.URL.Query().Get("offset"), ErrBad)
	}
	data, err := read(r, maxChunk)
	if err != nil {
		return err
	}
	return done(w, b.append(ctx, t, offset, data))
}

func putFile(ctx context.Context, b *Builder, w http.ResponseWriter, r *http.Request) error {
	t, err := taskOf(r)
	if err != nil {
		return err
	}
	f := copr.File{Name: r.PathValue("name"), Size: r.ContentLength, SHA256: r.Header.Get("X-SHA256")}
	return done(w, b.put(ctx, t, f, r.Body))
}

func deliver(ctx context.Context, b *Builder, w http.ResponseWriter, r *http.Request) error {
	t, err := taskOf(r)
	if err != nil {
		return err
	}
	data, err := read(r, maxChunk)
	if err != nil {
		return err
	}
	var result copr.Result
	if err := json.Unmarshal(data, &result); err != nil {
		return fmt.Errorf("%w: %w", err, ErrBad)
	}
	return done(w, b.accept(ctx, t, result))
}

func done(w http.ResponseWriter, err error) error {
	if err == nil {
		w.WriteHeader(http.StatusNoContent)
	}
	return err
}

// taskOf reads what handedPath writes.
func taskOf(r *http.Request) (t copr.Task, err error) {
	var errs [4]error
	t.Build, errs[0] = strconv.ParseUint(r.PathValue("build"), 10, 64)
	t.Chroot, errs[1] = copr.ParseChroot(r.PathValue("chroot"))
	t.Attempt, errs[2] = strconv.Atoi(r.PathValue("attempt"))
	t.Delivery, errs[3] = strconv.Atoi(r.PathValue("delivery"))
	if err := errors.Join(errs[:]...); err != nil || t.Attempt < 1 || t.Delivery < 0 {
		return t, fmt.Errorf("no task in %q: %w", r.URL.Path, ErrBad)
	}
	return t, nil
}

func taskPath(t copr.Task) string {
	return fmt.Sprintf("%d/%s/%d/%d", t.Build, url.PathEscape(t.Chroot.String()), t.Attempt, t.Delivery)
}

func read(r *http.Request, most int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r.Body, most+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > most {
		return nil, fmt.Errorf("more than %d bytes: %w", most, ErrBad)
	}
	return data, nil
}

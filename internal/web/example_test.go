package web_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"time"

	"mirrorctl/internal/metric"
	"mirrorctl/internal/web"
	"mirrorctl/mirror"
)

// How the parts fit together: one Edge around the handlers, one Server for the listeners, and a drain at the end.
func Example() {
	run := func(ctx context.Context, root *os.Root, log *slog.Logger, stateDir string) error {
		set := metric.New("1.0", "abcdef")
		access, err := web.OpenAccessLog("/var/log/mirrorctl/access.log", web.Combined, log)
		if err != nil {
			return err
		}
		edge := web.NewEdge(set, log, access, web.Proxies{netip.MustParsePrefix("127.0.0.0/8")})
		files := func(w http.ResponseWriter, r *http.Request) error {
			if err := web.CheckMethod(r); err != nil {
				return err
			}
			path, _, err := web.CheckPath(r)
			if err != nil {
				return err
			}
			facts := web.FactsOf(w)
			facts.Site, facts.Kind = web.SiteActive, mirror.KindOf(path)
			st, err := root.Stat(path.FS())
			if err != nil {
				return err // 404 where it does not exist
			}
			return web.ServeContent(w, r, web.Content{
				Name: path.Base(), Size: st.Size(), ModTime: st.ModTime(), CacheControl: "public, max-age=31536000, immutable",
				Open: func() (io.ReadSeekCloser, error) { return root.Open(path.FS()) },
			})
		}
		server := &web.Server{Handler: edge.Wrap(files), Log: log}
		mux := http.NewServeMux()
		mux.HandleFunc("/metrics", func(w http.ResponseWriter, _ *http.Request) { set.WritePrometheus(w) })

		// A predecessor's socket, systemd's, or our own.
		taken, err := web.Take(stateDir + "/handover")
		if err != nil {
			return err
		}
		l := taken["http"]
		if l == nil {
			if l, err = web.Listen(ctx, ":8080"); err != nil {
				return err
			}
		}
		next, err := web.NewHandover(stateDir+"/handover", map[string]*web.Listener{"http": l})
		if err != nil {
			return err
		}
		served := make(chan error, 2)
		go func() { served <- server.Serve(l) }()
		go func() { served <- next.Run(ctx) }()
		logged := make(chan error, 1)
		logging, stopLog := context.WithCancel(context.Background()) // outlives the server
		go func() { logged <- access.Run(logging) }()
		err = web.Notify(web.Ready)

		<-ctx.Done()
		err = errors.Join(err, web.Notify(web.Stopping))
		bounded, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		err = errors.Join(err, server.Drain(bounded), <-served, <-served)
		stopLog()
		return errors.Join(err, <-logged)
	}
	_ = run
}

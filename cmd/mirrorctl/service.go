package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"mirrorctl/internal/config"
	"mirrorctl/internal/forge"
	"mirrorctl/internal/metric"
	"mirrorctl/internal/site"
	"mirrorctl/internal/web"
)

// service is what one `mirrorctl serve` holds.
type service struct {
	log     *slog.Logger
	metrics *metric.Set
	access  *web.AccessLog // nil where there is none
	site    *site.Site
	forge   *forge.Forge // nil where there is no rebuild hub
	sockets *listeners
	offer   *web.Handover
	public  []*web.Listener
	server  *web.Server
	admin   *admin
}

// openService opens what the configuration names: the address first, since it is what fails
// most often and at once. A successor takes the listeners last: one that does not get that far must not
// leave the service with sockets that it believes are in good hands.
func openService(ctx context.Context, cfg *config.Config, takeover bool, log *slog.Logger) (_ *service, err error) {
	s := &service{log: log, metrics: metric.New(version, revision()), server: &web.Server{Log: log}}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if s.sockets, err = newListeners(cfg.State); err != nil {
		return nil, err
	}
	if !takeover {
		if err := s.listen(ctx, cfg); err != nil {
			return nil, err
		}
	}
	if s.access, err = openAccessLog(cfg, log); err != nil {
		return nil, err
	}
	edge := web.NewEdge(s.metrics, log, s.access, cfg.TrustedProxies)
	if s.site, err = site.Open(ctx, cfg, version, log, s.metrics, edge); err != nil {
		return nil, err
	}
	if cfg.Copr.Projects != "" {
		if s.forge, err = forge.Open(ctx, cfg, s.site, s.metrics, log); err != nil {
			return nil, err
		}
	}
	s.server.Handler = router(s.site, s.forge, edge, s.ready)
	s.metrics.Collect(metric.HTTPConnections, func(yield func(float64, ...string)) { yield(float64(s.server.Connections())) })
	if takeover {
		if err := s.sockets.take(); err != nil {
			return nil, err
		}
		if err := s.listen(ctx, cfg); err != nil {
			return nil, err
		}
	}
	s.admin.handle(s.metrics, edge, s.ready)
	s.offer, err = s.sockets.offer()
	return s, err
}

// listen opens the listeners, or finds them among those that were given.
func (s *service) listen(ctx context.Context, cfg *config.Config) (err error) {
	if s.public, err = s.sockets.listen(ctx, publicName, cfg.Listen); err != nil {
		return err
	}
	s.admin = &admin{}
	if cfg.AdminListen != "" {
		if s.admin.listeners, err = s.sockets.listen(ctx, adminName, cfg.AdminListen); err != nil {
			return err
		}
	}
	s.sockets.closeUnused()
	return nil
}

// close gives back what openService took. Listeners are closed by their drain, or by now.
func (s *service) close() error {
	if s.sockets != nil {
		s.sockets.close()
	}
	var errs []error
	if s.forge != nil {
		errs = append(errs, s.forge.Close())
	}
	if s.site != nil {
		errs = append(errs, s.site.Close())
	}
	return errors.Join(errs...)
}

// ready is nil while this process should be sent requests.
func (s *service) ready() error {
	if s.server.Draining() {
		return errors.New("draining")
	}
	return s.site.Ready()
}

// run serves until ctx ends or something fails, and then drains. An error is that of what failed.
//
// What keeps the site up to date, and the admin listener, outlive the drain: requests that are under way
// need the one, who watches the drain the other.
func (s *service) run(ctx context.Context, hup <-chan os.Signal, read func() (*config.Config, error)) error {
	background, stopBackground := context.WithCancel(context.WithoutCancel(ctx))
	defer stopBackground()
	loops, background := errgroup.WithContext(background)
	offering, stopOffering := context.WithCancel(background)
	defer stopOffering()
	loops.Go(func() error { return s.site.Run(background) })
	if s.forge != nil {
		loops.Go(func() error { return s.forge.Run(background) })
	}
	if s.access != nil {
		loops.Go(func() error { return s.access.Run(background) })
	}
	loops.Go(func() error { return s.admin.run(background) })
	loops.Go(func() error { return s.reloads(background, hup, read) })
	loops.Go(func() error { return announceReady(background, s.ready) })
	loops.Go(func() error { return s.offer.Run(offering) })
	for _, l := range s.public {
		loops.Go(func() error { return s.server.Serve(l) })
	}
	cfg := s.site.Config()
	s.log.Info("serving", "listen", addresses(s.public), "admin", addresses(s.admin.listeners), "root", cfg.Root, "public_url", cfg.PublicURL.String())

	select {
	case <-ctx.Done():
	case <-background.Done(): // one of them has failed; Wait tells which
	}
	stopOffering()
	s.drain(context.WithoutCancel(ctx))
	stopBackground()
	err := loops.Wait()
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	s.log.Info("stopped")
	return err
}

// drain answers what is under way or on its way, as long as the configuration allows. Connections that take longer
// are cut: that is what the limit is for, and no failure of the service.
func (s *service) drain(ctx context.Context) {
	limit := s.site.Config().Drain
	s.log.Info("draining", "limit", limit.String())
	if err := web.Notify(web.Stopping); err != nil {
		s.log.Warn("systemd was not told", "error", err)
	}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(limit))
	defer cancel()
	if err := s.server.Drain(ctx); err != nil {
		s.log.Warn("the drain took too long", "error", err)
	}
}

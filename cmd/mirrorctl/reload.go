package main

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"mirrorctl/internal/metric"
	"mirrorctl/internal/site"
	"mirrorctl/internal/web"
)

// reloads takes a new configuration on SIGHUP, and reopens the access log.
func (a *app) reloads(ctx context.Context, o serveOptions, s *site.Site, access *web.AccessLog, metrics *metric.Set, log *slog.Logger) error {
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	good, when := metrics.Gauge(metric.ReloadOK), metrics.Gauge(metric.ReloadTime)
	good.Set(1)
	when.Set(float64(time.Now().Unix()))
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-hup:
		}
		web.Notify(web.Reloading()...)
		err := a.reload(ctx, o, s, access)
		if err != nil {
			good.Set(0)
			log.Error("the configuration was not reloaded; the old one stays in force", "error", err)
		} else {
			good.Set(1)
			when.Set(float64(time.Now().Unix()))
			log.Info("configuration reloaded")
		}
		web.Notify(web.Ready)
	}
}

func (a *app) reload(ctx context.Context, o serveOptions, s *site.Site, access *web.AccessLog) error {
	if access != nil {
		if err := access.Reopen(); err != nil {
			return err
		}
	}
	cfg, err := a.serveConfig(o)
	if err != nil {
		return err
	}
	if err := s.Reload(cfg); err != nil {
		return err
	}
	return s.Rescan(ctx)
}

// announceReady tells systemd once, and then keeps its watchdog quiet.
func announceReady(ctx context.Context, ready func() error) error {
	for ready() != nil {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
	if err := web.Notify(web.Ready); err != nil {
		return err
	}
	every := web.WatchdogInterval()
	if every == 0 {
		return nil
	}
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(every):
			if err := web.Notify(web.Watchdog); err != nil {
				return err
			}
		}
	}
}

package main

import (
	"context"
	"errors"
	"os"
	"time"

	"mirrorctl/internal/config"
	"mirrorctl/internal/metric"
	"mirrorctl/internal/web"
)

// reloads takes a new configuration on SIGHUP, and reopens the access log.
func (s *service) reloads(ctx context.Context, hup <-chan os.Signal, read func() (*config.Config, error)) error {
	good, when := s.metrics.Gauge(metric.ReloadOK), s.metrics.Gauge(metric.ReloadTime)
	good.Set(1)
	when.Set(float64(time.Now().Unix()))
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-hup:
		}
		notifyErr := web.Notify(web.Reloading()...)
		if err := s.reload(read); err != nil {
			good.Set(0)
			s.log.Error("the configuration was not reloaded; the old one stays in force", "error", err)
		} else {
			good.Set(1)
			when.Set(float64(time.Now().Unix()))
			s.log.Info("configuration reloaded")
		}
		// Whoever asks for a reload may have changed more than the configuration.
		if err := s.site.Rescan(ctx); err != nil && ctx.Err() == nil {
			s.log.Error("the root could not be searched for what is new", "error", err)
		}
		if err := errors.Join(notifyErr, web.Notify(web.Ready)); err != nil {
			s.log.Warn("systemd was not told", "error", err)
		}
	}
}

func (s *service) reload(read func() (*config.Config, error)) error {
	if s.access != nil {
		if err := s.access.Reopen(); err != nil {
			return err
		}
	}
	cfg, err := read()
	if err != nil {
		return err
	}
	if err := s.site.Reload(cfg); err != nil || s.forge == nil {
		return err
	}
	return s.forge.Reload()
}

package site

import (
	"fmt"

	"mirrorctl/internal/config"
)

// Config is the configuration in force.
func (s *Site) Config() *config.Config { return s.View().config }

// Reload puts another configuration into force: layout, addresses, lists, calendar, intervals. What the
// process holds open (root, state, archive.store, listeners, logs, the memory of metadata) stays as it was
// started, and a change of it is an error that leaves everything as it is.
func (s *Site) Reload(cfg *config.Config) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.cfg
	for _, fixed := range []struct{ key, old, new string }{
		{"root", old.Root, cfg.Root},
		{"state", old.State, cfg.State},
		{"archive.store", old.Archive.Store, cfg.Archive.Store},
		{"listen", old.Listen, cfg.Listen},
		{"admin_listen", old.AdminListen, cfg.AdminListen},
		{"metadata.memory", old.Metadata.Memory.String(), cfg.Metadata.Memory.String()},
		{"metadata.keep", old.Metadata.Keep.String(), cfg.Metadata.Keep.String()},
		{"access_log.file", old.AccessLog.File, cfg.AccessLog.File},
		{"access_log.format", old.AccessLog.Format, cfg.AccessLog.Format},
	} {
		if fixed.old != fixed.new {
			return fmt.Errorf("%s: %s cannot change from %q to %q while running; restart the service", cfg.File, fixed.key, fixed.old, fixed.new)
		}
	}
	s.cfg = cfg
	if err := s.renewLocked(); err != nil {
		s.cfg = old
		return err
	}
	s.edge.SetProxies(cfg.TrustedProxies)
	return nil
}

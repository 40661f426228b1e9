package queue

import (
	"context"
	"fmt"
	"log/slog"
)

// logger passes what the server says on. Its notices (versions, ports, a banner) are of no use to an operator of the hub.
type logger struct{ log *slog.Logger }

func (l logger) say(level slog.Level, f string, v []any) {
	l.log.Log(context.Background(), level, "queue server", "says", fmt.Sprintf(f, v...))
}

func (l logger) Noticef(string, ...any)    {}
func (l logger) Debugf(string, ...any)     {}
func (l logger) Tracef(string, ...any)     {}
func (l logger) Warnf(f string, v ...any)  { l.say(slog.LevelWarn, f, v) }
func (l logger) Errorf(f string, v ...any) { l.say(slog.LevelError, f, v) }

// Fatalf is called where the server is about to give up; the process is not its to end.
func (l logger) Fatalf(f string, v ...any) { l.say(slog.LevelError, f, v) }

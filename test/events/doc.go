// Package events holds the running program against those who listen to it: receivers of webhooks, Prometheus, readers of
// feeds; and against clients that upload source packages.
package events

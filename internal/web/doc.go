// Package web is the HTTP edge: what every request passes on its way in and every answer on its
// way out, whatever the site serves.
//
//	Server      listeners, limits, a drain that loses no request, systemd
//	  └ Edge    one wrapper: client address, panics, errors to status, metrics, access log
//	      └ your Handler, which uses
//	          CheckPath, CheckMethod   admission: what a path and a request may look like
//	          ServeContent             bodies: conditions, ranges, sendfile, slow clients
//	          WriteListing, WriteStatus  pages for people, and the same as JSON
//
// It promises that an error reaches the client as one plain line, without detail, and the log once,
// with it; that no body is transformed, sniffed or cut because its client is slow; and that label
// values come from closed sets.
//
// It decides nothing about releases, redirects or what is fresh: those come in as plain values.
package web

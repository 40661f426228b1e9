// Package metric is where the program counts. It owns the table of metric
// families (name, type, help, labels), and a Set of them for each server.
//
// It promises that a family is declared in one place and written with HELP and TYPE; that a counter
// held in a field costs one atomic addition; that label values are escaped and that every
// combination of a Table comes from closed sets. What a label may say is left to the
// caller: releases from the catalog, kinds and reasons from constants, never a path.
//
// It is the only importer of github.com/VictoriaMetrics/metrics, of which it uses what Prometheus
// can read: the plain Histogram there writes vmrange buckets and is kept out.
package metric

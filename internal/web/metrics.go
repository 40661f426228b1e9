package web

import (
	"strconv"
	"sync/atomic"
	"time"

	"mirrorctl/internal/metric"
	"mirrorctl/mirror"
)

// codes are the statuses that have a label of their own, and what all others are counted under.
var codes = []int{0, 200, 204, 206, 301, 302, 304, 400, 403, 404, 405, 409, 410, 411, 412, 413, 414, 416, 421, 429, 499, 500, 502, 503, 504}

var states = []mirror.State{mirror.Active, mirror.Archiving, mirror.Archived, mirror.Pruned, mirror.Restoring}

// counts is what the edge counts of requests.
type counts struct {
	set             *metric.Set
	inFlight        atomic.Int64
	panics          metric.Counter
	requests, bytes *metric.Table[metric.Counter] // site, kind, code, cache
	duration        *metric.Table[metric.Histogram]
	clients         *metric.Table[metric.Counter] // client, os, arch
	errors          map[string]metric.Counter     // by reason; never changed
	code            [600]uint8                    // status to index in codes
	releases        atomic.Pointer[map[mirror.Release]releaseCounts]
}

type releaseCounts struct{ requests, bytes *metric.Table[metric.Counter] } // state, kind

func newCounts(set *metric.Set) *counts {
	codeNames := []string{"other"}
	c := &counts{set: set, panics: set.Counter(metric.HTTPPanics), errors: map[string]metric.Counter{}}
	for i, code := range codes[1:] {
		codeNames = append(codeNames, strconv.Itoa(code))
		c.code[code] = uint8(i + 1)
	}
	kinds := kindNames()
	c.requests = set.Counters(metric.HTTPRequests, nil, siteNames, kinds, codeNames, cacheNames)
	c.bytes = set.Counters(metric.HTTPResponseBytes, nil, siteNames, kinds, codeNames, cacheNames)
	c.duration = set.Histograms(metric.HTTPDuration, nil, siteNames, kinds)
	c.clients = set.Counters(metric.ClientRequests, nil, clientNames, osNames, archNames)
	for _, reason := range Reasons() {
		c.errors[reason] = set.Counter(metric.HTTPErrors, reason)
	}
	set.Collect(metric.HTTPInFlight, func(yield func(float64, ...string)) { yield(float64(c.inFlight.Load())) })
	c.releases.Store(&map[mirror.Release]releaseCounts{})
	return c
}

func kindNames() (names []string) {
	for _, k := range mirror.Kinds() {
		names = append(names, k.String())
	}
	return names
}

// setReleases makes the closed set of releases that are counted by name. Those that were
// known before go on from where they were.
func (c *counts) setReleases(all []mirror.Release) {
	kinds, stateNames := kindNames(), []string(nil)
	for _, s := range states {
		stateNames = append(stateNames, string(s))
	}
	next := make(map[mirror.Release]releaseCounts, len(all))
	for _, r := range all {
		next[r] = releaseCounts{
			requests: c.set.Counters(metric.ReleaseRequests, []string{r.String()}, stateNames, kinds),
			bytes:    c.set.Counters(metric.ReleaseResponseBytes, []string{r.String()}, stateNames, kinds),
		}
	}
	c.releases.Store(&next)
}

// count counts one request that has been answered.
func (c *counts) count(f *Facts, agent Agent, status int, bytes int64, took time.Duration) {
	code := 0
	if 0 <= status && status < len(c.code) {
		code = int(c.code[status])
	}
	site, kind, cache := int(f.Site), int(f.Kind), int(f.Cache)
	c.requests.At(site, kind, code, cache).Inc()
	c.bytes.At(site, kind, code, cache).Add(bytes)
	c.duration.At(site, kind).Observe(took.Seconds())
	c.clients.At(agent.Client, agent.OS, agent.Arch).Inc()
	if f.Release.IsZero() {
		return
	}
	if r, ok := (*c.releases.Load())[f.Release]; ok {
		state := 0 // a release without a record is active
		for i, s := range states {
			if s == f.State {
				state = i
			}
		}
		r.requests.At(state, kind).Inc()
		r.bytes.At(state, kind).Add(bytes)
	}
}

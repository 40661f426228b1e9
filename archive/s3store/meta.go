package s3store

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"mirrorctl/archive"
)

// meta is what an object says of itself in x-amz-meta headers. The time is in rclone's form, so
// that its mounts and copies show it too.
type meta struct {
	mtime  int64 // nanoseconds since 1970; 0 where not known
	sum    archive.Sum
	job    string
	put    string // unlike that of any other write
	target string // of a symlink
}

const (
	metaMTime  = "X-Amz-Meta-Mtime"
	metaSum    = "X-Amz-Meta-Sha256"
	metaJob    = "X-Amz-Meta-Mirrorctl-Job"
	metaPut    = "X-Amz-Meta-Mirrorctl-Put"
	metaTarget = "X-Amz-Meta-Mirrorctl-Symlink"
)

// newMeta marks a write with an id of its own.
func newMeta(job string) meta { return meta{job: job, put: rand.Text()} }

// headers writes m. What may hold more than ASCII is percent-encoded: headers hold no more.
func (m meta) headers() map[string]string {
	h := map[string]string{metaPut: m.put}
	if m.job != "" {
		h[metaJob] = url.PathEscape(m.job)
	}
	if m.mtime != 0 {
		h[metaMTime] = formatTime(m.mtime)
	}
	if !m.sum.IsZero() {
		h[metaSum] = m.sum.String()
	}
	if m.target != "" {
		h[metaTarget] = url.PathEscape(m.target)
	}
	return h
}

// parseMeta reads what someone may have written by hand: what makes no sense is not known.
func parseMeta(h http.Header) meta {
	m := meta{put: h.Get(metaPut), mtime: parseTime(h.Get(metaMTime))}
	if err := m.sum.UnmarshalText([]byte(h.Get(metaSum))); err != nil {
		m.sum = archive.Sum{}
	}
	if job, err := url.PathUnescape(h.Get(metaJob)); err == nil {
		m.job = job
	}
	if target, err := url.PathUnescape(h.Get(metaTarget)); err == nil {
		m.target = target
	}
	return m
}

// formatTime writes seconds with nine decimals.
func formatTime(ns int64) string {
	sign, u := "", uint64(ns)
	if ns < 0 {
		sign, u = "-", -u
	}
	return fmt.Sprintf("%s%d.%09d", sign, u/1e9, u%1e9)
}

// parseTime reads seconds with any decimals; 0 where they are none or too many.
func parseTime(s string) int64 {
	digits, negative := strings.CutPrefix(s, "-")
	secs, frac, _ := strings.Cut(digits, ".")
	sec, err := strconv.ParseUint(secs, 10, 33)
	if err != nil || len(frac) > 9 {
		return 0
	}
	ns, err := strconv.ParseUint((frac + "000000000")[:9], 10, 32)
	if err != nil {
		return 0
	}
	t := int64(sec)*1e9 + int64(ns)
	if negative {
		return -t
	}
	return t
}

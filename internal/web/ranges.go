package web

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// Limits of a Range header. zchunk asks for up to 256 ranges at a time; ten thousand would make a server format
// ten thousand part headers for ten thousand bytes.
const (
	maxRanges      = 256
	maxRangeHeader = 16 << 10
	// smallBody is the size up to which a Range over the limits is answered with the whole body, which costs
	// no more than the refusal; a larger body is refused, since sending it whole is what an attacker wants.
	smallBody = 1 << 20
)

// span is a part of a body: at least one byte, but for the whole of an empty one.
type span struct{ start, length int64 }

// contentRange is the value of the header of that name.
func (s span) contentRange(size int64) string {
	b := make([]byte, 0, 64)
	b = append(b, "bytes "...)
	b = strconv.AppendInt(b, s.start, 10)
	b = append(b, '-')
	b = strconv.AppendInt(b, s.start+s.length-1, 10)
	b = append(b, '/')
	return string(strconv.AppendInt(b, size, 10))
}

var (
	errMalformedRange = errors.New("malformed range")
	errTooMuchRange   = errors.New("too many ranges, or overlapping ones")
)

// selectRanges turns the lines of a Range header into what to send of a body of this size: none
// means all of it. The error is a *Problem with status 416.
func selectRanges(lines []string, size int64) ([]span, error) {
	ranges, err := []span(nil), errTooMuchRange
	if len(lines) == 1 && len(lines[0]) <= maxRangeHeader {
		ranges, err = parseRange(lines[0], size)
	}
	switch {
	case err == errTooMuchRange && size <= smallBody:
		return nil, nil
	case err != nil:
		return nil, rangeProblem(size, err)
	case ranges != nil && len(ranges) == 0 && size > 0:
		return nil, rangeProblem(size, errors.New("no range lies within the file"))
	}
	return ranges, nil
}

func rangeProblem(size int64, err error) error {
	return &Problem{
		Status: http.StatusRequestedRangeNotSatisfiable, Reason: "range", Text: err.Error(),
		Header: http.Header{"Content-Range": {fmt.Sprintf("bytes */%d", size)}},
	}
}

// parseRange reads one Range header. nil means that it asks for nothing in particular: another unit than bytes,
// or an empty set. A result that is empty, but not nil, means that no range lies within the body.
func parseRange(s string, size int64) ([]span, error) {
	set, ok := strings.CutPrefix(s, "bytes=")
	if !ok {
		if unit, _, ok := strings.Cut(s, "="); ok && unit != "" && !strings.EqualFold(unit, "bytes") {
			return nil, nil // RFC 9110, 14.2: an unknown unit must be ignored
		}
		return nil, errMalformedRange
	}
	var (
		ranges []span
		total  int64
		seen   int
	)
	for spec := range strings.SplitSeq(set, ",") {
		if spec = strings.Trim(spec, " \t"); spec == "" {
			continue
		}
		if seen++; seen > maxRanges {
			return nil, errTooMuchRange
		}
		r, within, err := parseSpec(spec, size)
		if err != nil {
			return nil, err
		}
		if ranges == nil {
			ranges = make([]span, 0, 1)
		}
		if !within {
			continue
		}
		if total += r.length; total > size {
			return nil, errTooMuchRange
		}
		ranges = append(ranges, r)
	}
	return ranges, nil
}

// parseSpec reads "first-last", "first-" or "-suffix"; within is false where it lies behind the body's end.
func parseSpec(spec string, size int64) (r span, within bool, err error) {
	first, last, ok := strings.Cut(spec, "-")
	if first = strings.TrimRight(first, " \t"); !ok {
		return r, false, errMalformedRange
	}
	last = strings.TrimLeft(last, " \t")
	if first == "" {
		n, ok := digits(last)
		n = min(n, size)
		if !ok {
			return r, false, errMalformedRange
		}
		return span{size - n, n}, n > 0, nil
	}
	from, ok := digits(first)
	if !ok {
		return r, false, errMalformedRange
	}
	to := size - 1
	if last != "" {
		n, ok := digits(last)
		if !ok || n < from {
			return r, false, errMalformedRange
		}
		to = min(to, n)
	}
	return span{from, to - from + 1}, from < size, nil
}

// digits reads a number that is nothing but digits. One too large for an int64 becomes the largest: it lies
// behind the end of every body all the same.
func digits(s string) (n int64, ok bool) {
	if s == "" {
		return 0, false
	}
	const most = 1<<63 - 1
	for _, c := range []byte(s) {
		switch {
		case c < '0' || c > '9':
			return 0, false
		case n > (most-9)/10:
			n = most
		default:
			n = n*10 + int64(c-'0')
		}
	}
	return n, true
}

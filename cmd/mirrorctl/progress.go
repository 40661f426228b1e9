package main

import (
	"encoding/json"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"mirrorctl/archive"
)

// showProgress draws what p says until stop is called: a bar with the time left on a terminal, else a
// plain line every ten seconds, or one JSON object a second.
func (a *app) showProgress(p *archive.Progress, mode string) (stop func()) {
	if mode == "auto" {
		mode = "plain"
		if a.terminal && a.getenv("TERM") != "dumb" {
			mode = "bar"
		}
	}
	done := make(chan struct{})
	var drawn sync.WaitGroup
	drawn.Go(func() {
		switch mode {
		case "bar":
			a.drawBar(p, done)
		case "plain":
			every(10*time.Second, done, func() { a.say("%s", progressLine(&a.out, p.Now())) })
		case "json":
			enc := json.NewEncoder(a.stderr)
			every(time.Second, done, func() { enc.Encode(p.Now()) })
			enc.Encode(p.Now())
		}
	})
	return func() { close(done); drawn.Wait() }
}

func every(d time.Duration, done <-chan struct{}, do func()) {
	tick := time.NewTicker(d)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return
		case <-tick.C:
			do()
		}
	}
}

func progressLine(o *output, n archive.ProgressNow) string {
	line := string(n.Phase)
	if n.FilesTotal > 0 {
		line += fmt.Sprintf(": %d of %s", n.Files, count(n.FilesTotal, "file"))
	}
	if n.BytesTotal > 0 {
		line += fmt.Sprintf(", %s of %s", o.size(n.Bytes), o.size(n.BytesTotal))
	}
	return line
}

// drawBar shows one bar for the phase that runs; each phase begins it anew. A phase that counts no bytes is measured by
// its files, one that counts neither has no bar.
func (a *app) drawBar(p *archive.Progress, done <-chan struct{}) {
	const tick = 100 * time.Millisecond
	bars := mpb.New(mpb.WithOutput(a.stderr), mpb.WithWidth(40), mpb.WithRefreshRate(tick))
	var bar *mpb.Bar
	var phase archive.Phase
	every(tick, done, func() {
		n := p.Now()
		at, of, show := n.Bytes, n.BytesTotal, func(n int64) string { return a.out.size(n) }
		if of == 0 {
			at, of, show = n.Files, n.FilesTotal, func(n int64) string { return strconv.FormatInt(n, 10) }
		}
		if bar != nil && n.Phase != phase {
			bar.Abort(true)
			bar = nil
		}
		if of == 0 {
			return
		}
		if bar == nil {
			phase = n.Phase
			bar = bars.AddBar(of,
				mpb.PrependDecorators(decor.Name(string(phase), decor.WC{W: len("publish"), C: decor.DindentRight}), decor.Percentage(decor.WC{W: 5})),
				mpb.AppendDecorators(
					decor.Any(func(s decor.Statistics) string { return show(s.Current) + " of " + show(s.Total) + "  " }),
					decor.EwmaETA(decor.ET_STYLE_GO, 30)))
		}
		bar.EwmaSetCurrent(at, tick)
	})
	if bar != nil {
		bar.Abort(true)
	}
	bars.Wait()
}

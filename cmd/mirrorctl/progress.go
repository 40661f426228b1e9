package main

import (
	"encoding/json"
	"fmt"
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
			every(10*time.Second, done, func() { a.say("%s", line(&a.out, p.Now())) })
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

func line(o *output, n archive.ProgressNow) string {
	return fmt.Sprintf("%s: %d of %d files, %s of %s", n.Phase, n.Files, n.FilesTotal, o.size(n.Bytes), o.size(n.BytesTotal))
}

// drawBar shows one bar for the phase that runs; each phase begins it anew.
func (a *app) drawBar(p *archive.Progress, done <-chan struct{}) {
	bars := mpb.New(mpb.WithOutput(a.stderr), mpb.WithWidth(60))
	var bar *mpb.Bar
	var phase archive.Phase
	update := func() {
		n := p.Now()
		if n.Phase == "" || n.BytesTotal == 0 {
			return
		}
		if bar == nil || n.Phase != phase {
			if bar != nil {
				bar.Abort(true)
			}
			phase = n.Phase
			bar = bars.AddBar(n.BytesTotal,
				mpb.PrependDecorators(decor.Name(string(phase)+" "), decor.Percentage(decor.WC{W: 5})),
				mpb.AppendDecorators(decor.CountersKibiByte("% .1f / % .1f "), decor.EwmaETA(decor.ET_STYLE_GO, 30)))
		}
		bar.EwmaSetCurrent(n.Bytes, 100*time.Millisecond)
	}
	every(100*time.Millisecond, done, update)
	if bar != nil {
		bar.Abort(true)
	}
	bars.Wait()
}

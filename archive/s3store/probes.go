package s3store

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/minio/minio-go/v7"
)

const thenAll = "every writer would win, and nobody would know: nothing is archived there"

func (p *prober) create(ctx context.Context) (Capability, error) {
	c := Capability{Name: "If-None-Match on an existing key is refused", Needed: true, Then: thenAll}
	if err := p.make(ctx, "create", "first"); err != nil {
		return c, err
	}
	return judge(c, http.StatusPreconditionFailed, p.put(ctx, "create", "second", sumOf("second"), absent))
}

func (p *prober) swap(ctx context.Context) (Capability, error) {
	c := Capability{Name: "If-Match with a wrong ETag is refused, with the right one taken", Needed: true,
		Then: "two operators could both hold a release: nothing is archived there"}
	if err := p.make(ctx, "swap", "first"); err != nil {
		return c, err
	}
	wrong := func(o *minio.PutObjectOptions) { o.SetMatchETag(strings.Repeat("0", 32)) }
	c, err := judge(c, http.StatusPreconditionFailed, p.put(ctx, "swap", "second", sumOf("second"), wrong))
	if err != nil || !c.Shown {
		return c, err
	}
	_, about, err := p.s.head(ctx, p.path("swap"))
	if err != nil {
		return c, err
	}
	right := func(o *minio.PutObjectOptions) { o.SetMatchETag(about.ETag) }
	// A lost answer makes the second attempt of a good swap fail as it should: what stands tells.
	perr := p.put(ctx, "swap", "third", sumOf("third"), right)
	_, now, err := p.s.head(ctx, p.path("swap"))
	if err == nil && now.ETag == about.ETag {
		c.Shown, c.Got = false, fmt.Sprintf("the right ETag was not taken: %v", perr)
	}
	return c, err
}

const racers = 32

func (p *prober) race(ctx context.Context) (Capability, error) {
	c := Capability{Name: fmt.Sprintf("of %d writers of one key one wins", racers), Needed: true, Then: thenAll}
	errs := make([]error, racers)
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() {
			text := fmt.Sprintf("writer %d", i)
			errs[i] = p.put(ctx, "race", text, sumOf(text), absent)
		})
	}
	all.Wait()
	won := 0
	for _, err := range errs {
		lost, err := judge(Capability{}, http.StatusPreconditionFailed, err)
		if err != nil {
			return c, err
		}
		if !lost.Shown && lost.Got != "" {
			won++
		}
	}
	// None won where the winner's answer was lost.
	c.Shown, c.Got = won <= 1, fmt.Sprintf("%d won", won)
	return c, nil
}

func (p *prober) checksum(ctx context.Context) (Capability, error) {
	c := Capability{Name: "a wrong x-amz-checksum-sha256 is refused",
		Then: "what bends on the way into the store shows when the archive is verified, not before"}
	return judge(c, http.StatusBadRequest, p.put(ctx, "checksum", "right", sumOf("wrong"), absent))
}

func (p *prober) parts(ctx context.Context) (Capability, error) {
	c := Capability{Name: "CompleteMultipartUpload with If-None-Match on an existing key is refused", Needed: true,
		Then: "a large file could be replaced unseen: nothing is archived there"}
	if err := p.make(ctx, "parts", "first"); err != nil {
		return c, err
	}
	key := p.s.key(p.path("parts"))
	var id string
	_, err := p.s.try(ctx, "probe", key, func() (err error) {
		id, err = p.s.core.NewMultipartUpload(ctx, p.s.bucket, key, minio.PutObjectOptions{})
		return err
	})
	if err != nil {
		return c, err
	}
	defer func() { _ = p.s.abort(context.WithoutCancel(ctx), key, id) }()
	const second = "second"
	var part minio.ObjectPart
	_, err = p.s.try(ctx, "probe", key, func() (err error) {
		part, err = p.s.core.PutObjectPart(ctx, p.s.bucket, key, id, 1, bytes.NewReader([]byte(second)), int64(len(second)),
			minio.PutObjectPartOptions{Sha256Hex: sumOf(second).String(), DisableContentSha256: true})
		return err
	})
	if err != nil {
		return c, err
	}
	_, err = p.s.try(ctx, "probe", key, func() error {
		var opts minio.PutObjectOptions
		absent(&opts)
		_, err := p.s.core.CompleteMultipartUpload(ctx, p.s.bucket, key, id, []minio.CompletePart{{PartNumber: 1, ETag: part.ETag}}, opts)
		return err
	})
	return judge(c, http.StatusPreconditionFailed, err)
}

func (p *prober) listing(ctx context.Context) (Capability, error) {
	c := Capability{Name: "a listing shows what was just written", Then: "files seem missing for a while: verify again later"}
	if err := p.make(ctx, "listed", "text"); err != nil {
		return c, err
	}
	for item, err := range p.s.keys(ctx, p.s.key(p.dir)+"/") {
		if err != nil {
			return c, err
		}
		c.Shown = c.Shown || item.Key == p.s.key(p.path("listed")) && item.Size == 4
	}
	if !c.Shown {
		c.Got = "it does not"
	}
	return c, nil
}

func (p *prober) metadata(ctx context.Context) (Capability, error) {
	c := Capability{Name: "metadata of objects is kept", Needed: true,
		Then: "symlinks would be lost, and lost answers taken for rivals: nothing is archived there"}
	if err := p.make(ctx, "metadata", "text"); err != nil {
		return c, err
	}
	m, _, err := p.s.head(ctx, p.path("metadata"))
	if c.Shown = m.mtime == probeTime && m.put != ""; !c.Shown {
		c.Got = "it is not"
	}
	return c, err
}

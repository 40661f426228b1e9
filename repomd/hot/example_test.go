package hot_test

import (
	"context"
	"fmt"
	"os"
	"time"

	"mirrorctl/repomd/hot"
)

// A server's ticker, and a request.
func Example() {
	budget := hot.NewBudget(256 << 20) // one for the root's cache and the archive's
	cache, err := hot.New(hot.Options{Dir: "/var/lib/mirrorctl/hot/root", Budget: budget})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cache.Close()

	tree, repos := os.DirFS("/srv/mirror/pub"), []string{"free/fedora/updates/43/x86_64"}
	tick := func(ctx context.Context) error {
		for _, dir := range repos {
			if _, err := cache.Load(ctx, tree, dir); err != nil && ctx.Err() != nil {
				return err
			} // any other error is in cache.Status; what was served before still is
		}
		cache.Retain(repos)
		return cache.Prune(time.Now())
	}
	_ = tick

	object, ok := cache.Lookup("free/fedora/updates/43/x86_64/repodata/repomd.xml", "192.0.2.7 libdnf")
	if !ok {
		return
	}
	if data := object.Bytes(); data != nil {
		fmt.Println(len(data), object.ETag)
	}
}

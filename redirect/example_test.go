package redirect_test

import (
	"fmt"
	"net/url"

	"mirrorctl/mirror"
	"mirrorctl/redirect"
)

func ExampleDecide() {
	public, _ := url.Parse("https://dl.example.org/")
	archive, _ := url.Parse("https://archive.example.org/")
	targets, err := redirect.NewTargets(public, archive, false)
	if err != nil {
		fmt.Println(err)
		return
	}
	// A yum of 2009 that came by http is not sent to https.
	d := redirect.Decide(targets, redirect.Request{
		Path:  "free/fedora/updates/10/i386/lame-libs++-3.98.rpm",
		Found: mirror.Resolution{Known: true, State: mirror.Pruned},
	})
	fmt.Println(d.Result, d.Location)
	// Output: archived http://archive.example.org/free/fedora/updates/10/i386/lame-libs%2B%2B-3.98.rpm
}

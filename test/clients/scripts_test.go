package clients

import (
	"testing"

	"mirrorctl/internal/webtest"
	"mirrorctl/test/binary"
)

// The scripts that the package redirect is held against, asked of the program itself.
func TestWebScripts(t *testing.T) {
	s := binary.Demo(t)
	v := s.Serve(t)
	s.Must(t, "archive", "--yes", "fedora-25")
	webtest.Run(t, v.URL[:len(v.URL)-1], "../../redirect/testdata/*.web", map[string]string{"public": v.URL, "archive": v.URL + "archive/"})
}

package rpmbuild_test

import (
	"testing"

	"mirrorctl/copr"
	"mirrorctl/copr/coprtest"
	"mirrorctl/copr/rpmbuild"
)

func TestBuilder(t *testing.T) {
	t.Parallel()
	needSandbox(t)
	coprtest.TestBuilder(t, func() copr.Builder { return &rpmbuild.Builder{} })
}

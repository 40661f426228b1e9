package rpmbuild_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"mirrorctl/copr"
	"mirrorctl/copr/rpmbuild"
)

const several = `%package doc
Summary: Its documentation
%description doc
Documentation.
%files doc
%package empty
Summary: What has no files is not made
%description empty
Nothing.
%if "%{?dist}" == ".el7"
%package -n python2-simple
Summary: For old releases
%description -n python2-simple
Old.
%files -n python2-simple
%endif
%ifarch s390x
%package zipl
Summary: For one machine
%description zipl
Big.
%files zipl
%endif
`

func TestNames(t *testing.T) {
	t.Parallel()
	needSandbox(t)
	srpm, err := makeSimple(t, simple+several)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ version, arch, dist, want string }{
		{"9", "x86_64", ".el9", "simple simple-doc"},
		{"7", "x86_64", ".el7", "python2-simple simple simple-doc"},
		{"9", "s390x", ".el9", "simple simple-doc simple-zipl"},
	} {
		c := copr.Chroot{Distribution: "epel", Version: tt.version, Arch: tt.arch}
		names, err := rpmbuild.Maker{}.Names(t.Context(), srpm, c, map[string]string{"dist": tt.dist})
		if got := strings.Join(names, " "); err != nil || got != tt.want {
			t.Errorf("%s: %q, %v; want %q", c, got, err, tt.want)
		}
	}
}

// A spec says another thing, or nothing, once the macros of a chroot are defined.
func TestNamesOfHostileSpec(t *testing.T) {
	t.Parallel()
	needSandbox(t)
	c := copr.Chroot{Distribution: "epel", Version: "9", Arch: "x86_64"}
	srpm, err := makeSimple(t, simple+`%{?dist:%{error:no more}}`+"\n%(echo glibc; echo kernel >&2)\n")
	if err != nil {
		t.Fatal(err)
	}
	var bad *rpmbuild.SpecError
	if names, err := (rpmbuild.Maker{}).Names(t.Context(), srpm, c, map[string]string{"dist": ".el9"}); !errors.As(err, &bad) {
		t.Errorf("%q, %v", names, err)
	}
	if names, err := (rpmbuild.Maker{}).Names(t.Context(), srpm, c, nil); err != nil || !slices.Equal(names, []string{"simple"}) {
		t.Errorf("what it prints is taken for names: %q, %v", names, err)
	}
}

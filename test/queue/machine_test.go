package queue

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// namespaces makes two network namespaces that reach an address of this one, for b1 and b2, and removes them in the end.
func namespaces(t *testing.T) (address string, of map[string]string) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("SKIP: network namespaces want root")
	}
	of = map[string]string{}
	net := fmt.Sprintf("198.18.%d", os.Getpid()%250) // a range for tests of networks
	for i := range 2 {
		space, link := fmt.Sprintf("mq%d-%d", os.Getpid(), i), fmt.Sprintf("mq%d-%d", os.Getpid()%100000, i)
		here, there := fmt.Sprintf("%s.%d", net, 4*i+1), fmt.Sprintf("%s.%d", net, 4*i+2)
		t.Cleanup(func() { exec.Command("ip", "netns", "del", space).Run() }) // its links go with it
		for _, line := range []string{
			"netns add " + space,
			"link add " + link + " type veth peer name hub0 netns " + space,
			"addr add " + here + "/30 dev " + link,
			"link set " + link + " up",
			"-n " + space + " addr add " + there + "/30 dev hub0",
			"-n " + space + " link set hub0 up",
			"-n " + space + " link set lo up",
			"-n " + space + " route add default via " + here,
		} {
			if out, err := exec.Command("ip", strings.Fields(line)...).CombinedOutput(); err != nil {
				t.Skipf("SKIP: no network namespace here: ip %s: %v: %s", line, err, out)
			}
		}
		of[fmt.Sprintf("b%d", i+1)] = space
	}
	return net + ".1", of
}

const spec = `Name: tiny
Version: 1
Release: 1
Summary: A tiny package
License: MIT
BuildArch: x86_64
%description
It holds one file.
%install
mkdir -p %{buildroot}/usr/share/tiny
echo tiny > %{buildroot}/usr/share/tiny/tiny
%files
/usr/share/tiny
`

// realPackage makes a source package and returns the script that rebuilds it.
func realPackage(t *testing.T, dir string) string {
	t.Helper()
	if _, err := exec.LookPath("rpmbuild"); err != nil {
		t.Skip("SKIP: rpmbuild is not installed")
	}
	name := filepath.Join(dir, "tiny.spec")
	if err := os.WriteFile(name, []byte(spec), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("rpmbuild", "-bs", "--define", "_topdir "+dir+"/rpm", "--define", "_srcrpmdir "+dir, name).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return `rpmbuild --rebuild --target x86_64 --define "_topdir $2" --define "_rpmdir $1" \
		--define "_rpmfilename %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm" /tmp/source.src.rpm`
}

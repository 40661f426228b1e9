package sign_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mirrorctl/copr"
	"mirrorctl/copr/sign"
	"mirrorctl/internal/pgp"
)

func contextOf(t testing.TB) (context.Context, context.CancelFunc) {
	return context.WithCancel(context.Background()) // t.Context ends before the cleanup that waits
}

// signFile signs a package through the socket and returns its new path.
func signFile(t testing.TB, c *sign.Client, chroot copr.Chroot, from string) string {
	t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	r, _ := request(t, chroot, data)
	to := filepath.Join(t.TempDir(), r.File.Name)
	got, err := c.SignFile(t.Context(), r, from, to)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := os.ReadFile(to)
	if err != nil {
		t.Fatal(err)
	}
	if want := fileOf(r.File.Name, signed); got != want {
		t.Errorf("SignFile says %+v, the file is %+v", got, want)
	}
	if again, err := os.ReadFile(from); err != nil || !bytes.Equal(again, data) {
		t.Errorf("the delivered file changed: %v", err)
	}
	return to
}

// TestRPMAccepts: packages of every payload, of rpmbuild and of rpmpack, binary and source, by the signature of a chroot with
// rpm 4.14 and later and by that of EL 7, are accepted by the real rpmkeys; a second signing makes the same bytes; and a
// signed package signed again is what it was.
func TestRPMAccepts(t *testing.T) {
	need(t, "rpmkeys")
	s, _ := newSigner(t)
	c := serve(t, s, uint32(os.Getuid()))
	public, err := c.PublicKey(t.Context(), project)
	if err != nil {
		t.Fatal(err)
	}
	for name, payload := range map[string]string{"gzip": "w9.gzdio", "xz": "w6.xzdio", "zstd": "w9.zstdio", "rpmpack": ""} {
		t.Run(name, func(t *testing.T) {
			var files []string
			if payload != "" {
				files = rpms(t, payload)
			} else {
				data := pack(t, nil)
				files = []string{filepath.Join(t.TempDir(), "packed-1-1.x86_64.rpm")}
				if err := os.WriteFile(files[0], data, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			for _, chroot := range []copr.Chroot{el9, el7} {
				for _, from := range files {
					to := signFile(t, c, chroot, from)
					if err := new(sign.Checker).Check(t.Context(), public, to); err != nil {
						t.Errorf("%s for %s: %v", filepath.Base(to), chroot, err)
						continue
					}
					once, err := os.ReadFile(to)
					if err != nil {
						t.Fatal(err)
					}
					for what, other := range map[string]string{"signed twice": from, "signed again": to} {
						twice, err := os.ReadFile(signFile(t, c, chroot, other))
						if err != nil || !bytes.Equal(once, twice) {
							t.Errorf("%s %s: other bytes (%v)", filepath.Base(to), what, err)
						}
					}
					if payload != "" && len(once) != size(t, from) {
						t.Errorf("%s grew from %d to %d bytes: rpmbuild leaves room for a signature", filepath.Base(to), size(t, from), len(once))
					}
					says := run(t, "rpmkeys", "--dbpath", t.TempDir(), "--nosignature", "-Kv", to)
					for _, want := range []string{"Header SHA256 digest: OK", "Header SHA1 digest: OK", "Payload SHA256 digest: OK", "MD5 digest: OK"} {
						if !strings.Contains(says, want) {
							t.Errorf("rpmkeys says\n%swithout %q", says, want)
						}
					}
				}
			}
		})
	}
}

func size(t testing.TB, name string) int {
	t.Helper()
	st, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	return int(st.Size())
}

// TestSignatures: which signatures a package has, as rpm reads them.
func TestSignatures(t *testing.T) {
	s, _ := newSigner(t)
	c := serve(t, s, uint32(os.Getuid()))
	from := rpms(t, "w6.gzdio")[0]
	query := func(name string) string {
		return run(t, "rpm", "-qp", "--nosignature", "--qf", "%{RSAHEADER:pgpsig}|%{DSAHEADER:pgpsig}|%{SIGPGP:pgpsig}", name)
	}
	header, whole := func(s string) string { return strings.Split(s, "|")[0] }, func(s string) string { return strings.Split(s, "|")[2] }
	for _, chroot := range []copr.Chroot{el9, f44, el7} {
		got := query(signFile(t, c, chroot, from))
		if !strings.HasPrefix(header(got), "RSA/SHA256, Sun Nov  1 12:00:00 2026, Key ID ") {
			t.Errorf("%s: header signature %q", chroot, got)
		}
		if legacy := strings.HasPrefix(whole(got), "RSA/SHA256, "); legacy != (chroot == el7) {
			t.Errorf("%s: signature over header and payload: %q", chroot, got)
		}
	}
	// An Ed25519 key signs where the target reads it; the RSA key elsewhere.
	if _, err := c.CreateKey(t.Context(), project, sign.NewKey{Algorithm: pgp.Ed25519}); err != nil {
		t.Fatal(err)
	}
	to := signFile(t, c, f44, from)
	if got := query(to); !strings.Contains(strings.Split(got, "|")[1], "EdDSA/SHA256, ") || header(got) != "(none)" {
		t.Errorf("fedora: %q", got)
	}
	public, err := c.PublicKey(t.Context(), project)
	if err != nil {
		t.Fatal(err)
	}
	if err := new(sign.Checker).Check(t.Context(), public, to); err != nil {
		t.Error(err)
	}
	if got := query(signFile(t, c, el9, from)); !strings.HasPrefix(header(got), "RSA/SHA256, ") {
		t.Errorf("epel-9: %q", got)
	}
}

// TestFlippedBytes: of a signed package, no byte can be another without rpmkeys or Check saying so; and the signer
// refuses the package that it was told of otherwise.
func TestFlippedBytes(t *testing.T) {
	s, _ := newSigner(t)
	c := serve(t, s, uint32(os.Getuid()))
	public, err := c.PublicKey(t.Context(), project)
	if err != nil {
		t.Fatal(err)
	}
	from := rpms(t, "w6.gzdio")[0]
	delivered, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	r, _ := request(t, el9, delivered)
	signed, err := os.ReadFile(signFile(t, c, el9, from))
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), r.File.Name)
	step := max(1, len(signed)/40)
	if testing.Short() {
		step *= 4
	}
	for at := 0; at < len(signed); at += step {
		flipped := bytes.Clone(delivered)
		flipped[at] ^= 0x20
		if _, err := c.SignPackage(t.Context(), r, bytes.NewReader(flipped)); !isRefusal(err) {
			t.Errorf("byte %d of the delivered package: %v", at, err)
		}
		// Nothing protects the name in the lead, the zeros between the headers and the room for signatures: rpm reads none of
		// them. Published files are told by the SHA-256 of the repository.
		if at < 96 || reserved(signed, at) {
			continue
		}
		flipped = bytes.Clone(signed)
		flipped[at] ^= 0x20
		if err := os.WriteFile(name, flipped, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := new(sign.Checker).Check(t.Context(), public, name); err == nil {
			t.Errorf("byte %d of the signed package was not missed", at)
		}
	}
	if err := os.WriteFile(name, delivered, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := new(sign.Checker).Check(t.Context(), public, name); err == nil {
		t.Error("an unsigned package passed")
	}
}

// reserved reports whether a byte is one of a long run of zeros.
func reserved(data []byte, at int) bool {
	return at > 16 && at < len(data)-16 && bytes.Count(data[at-16:at+16], []byte{0}) >= 31
}

func isRefusal(err error) bool { _, ok := errors.AsType[*sign.Refusal](err); return ok }

// TestRepomd: real gpg verifies repomd.xml.asc, and misses no changed byte.
func TestRepomd(t *testing.T) {
	need(t, "gpg")
	s, _ := newSigner(t)
	c := serve(t, s, uint32(os.Getuid()))
	repomd := []byte("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<repomd xmlns=\"http://linux.duke.edu/metadata/repo\">\n  <revision>1</revision>\n</repomd>\n")
	public, err := c.PublicKey(t.Context(), project)
	if err != nil {
		t.Fatal(err)
	}
	asc, err := c.SignRepomd(t.Context(), project, el7, built, repomd)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := c.SignRepomd(t.Context(), project, el7, built, repomd); err != nil || !bytes.Equal(asc, again) {
		t.Errorf("other bytes: %v", err)
	}
	if got := gpg(t, public, repomd, asc); !strings.Contains(got, "Good signature from \"adrian/criu (mirrorctl)\"") {
		t.Errorf("gpg says %s", got)
	}
	if err := sign.CheckRepomd(public, repomd, asc); err != nil {
		t.Error(err)
	}
	for at := range repomd {
		bad := bytes.Clone(repomd)
		bad[at] ^= 1
		if err := sign.CheckRepomd(public, bad, asc); err == nil {
			t.Errorf("byte %d was not missed", at)
		}
	}
	if _, err := c.SignRepomd(t.Context(), project, el9, built, []byte("Release\n")); !isRefusal(err) {
		t.Errorf("what is no repomd.xml: %v", err)
	}
}

// gpg verifies a detached signature in a keyring of its own.
func gpg(t testing.TB, public, data, sig []byte) string {
	t.Helper()
	home, err := os.MkdirTemp("", "g") // gpg's socket has no room for the path of t.TempDir
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(home)
	for name, content := range map[string][]byte{"k": public, "d": data, "s": sig} {
		if err := os.WriteFile(filepath.Join(home, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run(t, "gpg", "--homedir", home, "--no-autostart", "--batch", "--import", home+"/k")
	return run(t, "gpg", "--homedir", home, "--no-autostart", "--batch", "--verify", home+"/s", home+"/d")
}

// TestRotation: the new key signs, both are in pubkey.gpg until the old one is retired; rpm and gpg take both from it.
func TestRotation(t *testing.T) {
	s, now := newSigner(t)
	c := serve(t, s, uint32(os.Getuid()))
	from := rpms(t, "w6.gzdio")[0]
	before := signFile(t, c, el9, from)
	now.set(built.Add(2 * time.Hour))
	key, err := c.CreateKey(t.Context(), project, sign.NewKey{})
	if err != nil {
		t.Fatal(err)
	}
	after := signFile(t, c, el9, from)
	public, err := c.PublicKey(t.Context(), project)
	if err != nil {
		t.Fatal(err)
	}
	if err := new(sign.Checker).Check(t.Context(), public, before, after); err != nil {
		t.Error(err)
	}
	got := run(t, "rpm", "-qp", "--nosignature", "--qf", "%{RSAHEADER:pgpsig}", after)
	// The package is older than the key: its signature is as old as the key, and no older.
	if want := "RSA/SHA256, Sun Nov  1 14:00:00 2026, Key ID " + key.Fingerprint[24:]; got != want {
		t.Errorf("signed by %q, want %q", got, want)
	}
	keys, err := c.Keys(t.Context(), project)
	if err != nil || len(keys) != 2 || keys[0] != key {
		t.Fatalf("keys %+v, %v", keys, err)
	}
	if err := c.RetireKey(t.Context(), project, keys[1].Fingerprint); err != nil {
		t.Fatal(err)
	}
	if err := c.RetireKey(t.Context(), project, keys[0].Fingerprint); !isRefusal(err) {
		t.Errorf("the last key was retired: %v", err)
	}
	if public, err = c.PublicKey(t.Context(), project); err != nil {
		t.Fatal(err)
	}
	if err := new(sign.Checker).Check(t.Context(), public, before); err == nil {
		t.Error("a retired key is still in pubkey.gpg")
	}
	if err := new(sign.Checker).Check(t.Context(), public, after); err != nil {
		t.Error(err)
	}
}

// BenchmarkSignFile is what signing adds to a build, for a package of 3 MB.
func BenchmarkSignFile(b *testing.B) {
	s, _ := newSigner(b)
	c := serve(b, s, uint32(os.Getuid()))
	data := packSize(b, 3<<20)
	from := filepath.Join(b.TempDir(), "packed-1-1.x86_64.rpm")
	if err := os.WriteFile(from, data, 0o644); err != nil {
		b.Fatal(err)
	}
	r, _ := request(b, el9, data)
	to := filepath.Join(b.TempDir(), r.File.Name)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := c.SignFile(b.Context(), r, from, to); err != nil {
			b.Fatal(err)
		}
	}
}

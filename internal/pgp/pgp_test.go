package pgp_test

import (
	"bytes"
	"crypto"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"mirrorctl/internal/pgp"
)

var made = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func generate(t testing.TB, o pgp.Options) *pgp.Key {
	t.Helper()
	o.Name, o.Comment, o.Created = "a/b", "test", made
	k, err := pgp.Generate(o)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// TestKeys: a key comes back from its file, says what it is, and makes equal signatures that gpg and Verify accept.
func TestKeys(t *testing.T) {
	for _, o := range []pgp.Options{{Bits: 2048}, {Algorithm: pgp.Ed25519, Lifetime: 36500 * 24 * time.Hour}} {
		t.Run(string(o.Algorithm), func(t *testing.T) {
			first := generate(t, o)
			raw, err := first.Private()
			if err != nil {
				t.Fatal(err)
			}
			k, err := pgp.ParsePrivate(raw)
			if err != nil {
				t.Fatal(err)
			}
			if k.Fingerprint() != first.Fingerprint() || len(k.Fingerprint()) != 40 || !k.Created().Equal(made) || k.Name() != "a/b (test)" || !bytes.Equal(k.Public(), first.Public()) {
				t.Errorf("read back %s of %s by %q", k.Fingerprint(), k.Created(), k.Name())
			}
			if o.Lifetime == 0 != k.Expires().IsZero() || o.Lifetime > 0 && !k.Expires().Equal(made.Add(o.Lifetime)) {
				t.Errorf("expires %s", k.Expires())
			}
			data := []byte("data\n")
			sig, err := k.SignArmored(bytes.NewReader(data), crypto.SHA256, made.Add(time.Hour))
			if err != nil {
				t.Fatal(err)
			}
			if again, err := first.SignArmored(bytes.NewReader(data), crypto.SHA256, made.Add(time.Hour)); err != nil || !bytes.Equal(sig, again) {
				t.Errorf("other bytes (%v)", err)
			}
			stranger := generate(t, pgp.Options{Algorithm: pgp.Ed25519})
			both := append(stranger.Public(), k.Public()...)
			if err := pgp.Verify(both, data, sig); err != nil {
				t.Error(err)
			}
			if pgp.Verify(both, []byte("dato\n"), sig) == nil || pgp.Verify(stranger.Public(), data, sig) == nil || pgp.Verify(both, data, nil) == nil || pgp.Verify(nil, data, sig) == nil {
				t.Error("a bad signature was accepted")
			}
			gpg(t, both, data, sig)
		})
	}
}

// gpg reads the same: one key each and no subkey, and a good signature.
func gpg(t *testing.T, public, data, sig []byte) {
	if _, err := exec.LookPath("gpg"); err != nil {
		t.Skip("SKIP: gpg missing")
	}
	home, err := os.MkdirTemp("", "g")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(home)
	for name, content := range map[string][]byte{"/k": public, "/d": data, "/s": sig} {
		if err := os.WriteFile(home+name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run := func(args ...string) string {
		out, err := exec.Command("gpg", append([]string{"--homedir", home, "--no-autostart", "--batch"}, args...)...).CombinedOutput()
		if err != nil {
			t.Fatalf("gpg %q: %v\n%s", args, err, out)
		}
		return string(out)
	}
	run("--import", home+"/k")
	if got := run("--with-colons", "--list-keys"); strings.Count(got, "\npub:") != 2 || strings.Contains(got, "\nsub:") {
		t.Errorf("keys:\n%s", got)
	}
	if got := run("--verify", home+"/s", home+"/d"); !strings.Contains(got, "Good signature") {
		t.Errorf("gpg says %s", got)
	}
	// Nothing critical but what every parser since yum's knows: none.
	if got := run("--list-packets", home+"/s"); strings.Contains(got, "critical") || strings.Contains(got, "notation") {
		t.Errorf("packets:\n%s", got)
	}
}

func TestBadKeys(t *testing.T) {
	for _, raw := range []string{"", "x", "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nxx\n-----END PGP PRIVATE KEY BLOCK-----\n", string(generate(t, pgp.Options{Algorithm: pgp.Ed25519}).Public())} {
		if _, err := pgp.ParsePrivate([]byte(raw)); err == nil {
			t.Errorf("%q was read", raw)
		}
	}
	if _, err := pgp.Generate(pgp.Options{Algorithm: "dsa"}); err == nil {
		t.Error("a DSA key was made")
	}
	if _, err := pgp.Hash("sha1"); err == nil {
		t.Error("SHA-1 is a digest of a signature")
	}
}

func FuzzVerify(f *testing.F) {
	k, err := pgp.Generate(pgp.Options{Name: "a", Algorithm: pgp.Ed25519, Created: made})
	if err != nil {
		f.Fatal(err)
	}
	sig, err := k.SignArmored(strings.NewReader("data"), crypto.SHA256, made)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(k.Public(), sig)
	f.Fuzz(func(t *testing.T, public, sig []byte) {
		if pgp.Verify(public, []byte("data"), sig) == nil && pgp.Verify(public, []byte("dato"), sig) == nil {
			t.Error("one signature is good for two texts")
		}
	})
}

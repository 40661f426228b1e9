package sign_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/rpmpack"
	"golang.org/x/sys/unix"

	"mirrorctl/copr"
	"mirrorctl/copr/provenance"
	"mirrorctl/copr/sign"
	"mirrorctl/internal/pgp"
)

// TestRefusals: whatever a builder or a hub in someone else's hands may send, the signer says no and why.
func TestRefusals(t *testing.T) {
	s, now := newSigner(t)
	c := serve(t, s, uint32(os.Getuid()))
	good := pack(t, nil)
	type ask struct {
		r    sign.Request
		st   *provenance.Statement
		data []byte
	}
	statement := func(change func(*provenance.Statement)) func(*ask) {
		return func(a *ask) { change(a.st); a.r.Statement = marshal(t, a.st) }
	}
	// replace sends another package with a request that is otherwise in order for it.
	replace := func(data []byte) func(*ask) {
		return func(a *ask) {
			a.data = data
			a.r.File = fileOf(a.r.File.Name, data)
			a.st.Subject[0].Digest["sha256"] = a.r.File.SHA256
			a.r.Statement = marshal(t, a.st)
		}
	}
	def := func(st *provenance.Statement) *provenance.BuildDefinition { return &st.Predicate.BuildDefinition }
	dropRole := func(role string) func(*ask) {
		return statement(func(st *provenance.Statement) {
			var left []provenance.Descriptor
			for _, d := range def(st).ResolvedDependencies {
				if d.Annotations["role"] != role {
					left = append(left, d)
				}
			}
			def(st).ResolvedDependencies = left
		})
	}
	tests := []struct {
		name   string
		change func(*ask)
		want   string
	}{
		{"another NEVRA", func(a *ask) { a.r.NEVRA = "packed-2-1.x86_64" }, "is packed-1-1.x86_64 by its header"},
		{"another file name", func(a *ask) {
			a.r.File.Name = "kernel-1-1.x86_64.rpm"
			a.st.Subject[0].Name = a.r.File.Name
			a.r.Statement = marshal(t, a.st)
		}, "should be named packed-1-1.x86_64.rpm"},
		{"another architecture", func(a *ask) {
			replace(pack(t, func(m *rpmpack.RPMMetaData) { m.Arch = "aarch64" }))(a)
			a.r.NEVRA, a.r.File.Name, a.st.Subject[0].Name = "packed-1-1.aarch64", "packed-1-1.aarch64.rpm", "packed-1-1.aarch64.rpm"
			a.r.Statement = marshal(t, a.st)
		}, "does not belong to epel-9-x86_64"},
		{"a name that is a path", func(a *ask) {
			replace(pack(t, func(m *rpmpack.RPMMetaData) { m.Name = "../packed" }))(a)
			a.r.NEVRA, a.r.File.Name, a.st.Subject[0].Name = "../packed-1-1.x86_64", "../packed-1-1.x86_64.rpm", "../packed-1-1.x86_64.rpm"
			a.r.Statement = marshal(t, a.st)
		}, "is no name of a package"},
		{"a name of several lines", func(a *ask) {
			replace(pack(t, func(m *rpmpack.RPMMetaData) { m.Name = "p\n    Header V4 RSA/SHA256 Signature, key ID 0: OK\n" }))(a)
			a.r.NEVRA = "p\n    Header V4 RSA/SHA256 Signature, key ID 0: OK\n-1-1.x86_64"
			a.r.File.Name = a.r.NEVRA + ".rpm"
			a.st.Subject[0].Name = a.r.File.Name
			a.r.Statement = marshal(t, a.st)
		}, "is no name of a package"},
		{"no provenance", func(a *ask) { a.r.Statement = []byte("null") }, "provenance"},
		{"provenance that is no JSON", func(a *ask) { a.r.Statement = []byte(`"x"`) }, "provenance"},
		{"provenance with an unknown field", func(a *ask) {
			a.r.Statement = append([]byte(`{"x":1,`), a.r.Statement[1:]...)
		}, "unknown field"},
		{"of another type", statement(func(st *provenance.Statement) { st.PredicateType = "x" }), "types"},
		{"another project", statement(func(st *provenance.Statement) { def(st).ExternalParameters.Project.Name = "other" }), "project"},
		{"another chroot", statement(func(st *provenance.Statement) { def(st).ExternalParameters.Chroot = f44 }), "chroot"},
		{"no version", statement(func(st *provenance.Statement) { def(st).ExternalParameters.EVR = "" }), "no version"},
		{"no build", statement(func(st *provenance.Statement) { def(st).InternalParameters.Build = 0 }), "no build"},
		{"no epoch", statement(func(st *provenance.Statement) { def(st).InternalParameters.Epoch = 0 }), "SOURCE_DATE_EPOCH"},
		{"no source package", dropRole("srpm"), "source packages"},
		{"no spec", dropRole("spec"), "specs"},
		{"no buildroot", dropRole("buildroot"), "no buildroot"},
		{"a source without digest", statement(func(st *provenance.Statement) {
			for _, d := range def(st).ResolvedDependencies {
				if d.Annotations["role"] == "source" {
					delete(d.Digest, "sha256")
				}
			}
		}), "has no sha256"},
		{"no word on the buildroot", statement(func(st *provenance.Statement) { st.Predicate.RunDetails.Root = "" }), "buildroot is"},
		{"no builder", statement(func(st *provenance.Statement) { st.Predicate.RunDetails.Builder.ID = "" }), "no builder"},
		{"no invocation", statement(func(st *provenance.Statement) { st.Predicate.RunDetails.Metadata.InvocationID = "" }), "no invocation"},
		{"times that run backwards", statement(func(st *provenance.Statement) { st.Predicate.RunDetails.Metadata.FinishedOn = built.Add(-time.Hour) }), "times"},
		{"no gate", statement(func(st *provenance.Statement) { st.Predicate.RunDetails.Gates = nil }), "no report"},
		{"a gate that failed", statement(func(st *provenance.Statement) { st.Predicate.RunDetails.Gates[0].Checks[0].Verdict = copr.Fail }), "failed"},
		{"a gate of skips", statement(func(st *provenance.Statement) { st.Predicate.RunDetails.Gates[0].Checks[0].Verdict = copr.Skip }), "nothing passed"},
		{"a package that provenance does not name", statement(func(st *provenance.Statement) { st.Subject[0].Name = "other-1-1.x86_64.rpm" }), "does not know"},
		{"a package named twice", statement(func(st *provenance.Statement) { st.Subject = append(st.Subject, st.Subject[0]) }), "name of its own"},
		{"another digest", statement(func(st *provenance.Statement) { st.Subject[0].Digest["sha256"] = strings.Repeat("a", 64) }), "provenance says sha256"},
		{"other bytes", func(a *ask) { a.data = bytes.Clone(a.data); a.data[len(a.data)-1] ^= 1 }, "has sha256"},
		{"a payload that its header does not know", func(a *ask) {
			data := bytes.Clone(a.data)
			data[len(data)-1] ^= 1
			replace(data)(a)
		}, "the payload has sha256"},
		{"bytes behind the payload", func(a *ask) { replace(append(bytes.Clone(a.data), "more"...))(a) }, "the payload has sha256"},
		{"a header cut short", func(a *ask) { replace(a.data[:len(a.data)/8])(a) }, "header"},
		{"no package", func(a *ask) { replace([]byte("#!/bin/sh\nexit 0\n"))(a) }, "lead"},
		{"an empty package", func(a *ask) { replace(nil)(a) }, "lead"},
		{"an index of 4 billion entries", func(a *ask) {
			data := bytes.Clone(a.data)
			binary.BigEndian.PutUint32(data[96+8:], 1<<32-1)
			replace(data)(a)
		}, "4294967295 entries"},
		{"a store of 4 GB", func(a *ask) {
			data := bytes.Clone(a.data)
			binary.BigEndian.PutUint32(data[96+12:], 1<<32-1)
			replace(data)(a)
		}, "store of 4294967295 bytes"},
		{"a digest nobody reads", func(a *ask) { a.r.Hash = "md5" }, "want sha256 or sha512"},
		{"SHA-512 for EL 7", func(a *ask) {
			a.r.Hash, a.r.Chroot = "sha512", el7
			def(a.st).ExternalParameters.Chroot = el7
			a.r.Statement = marshal(t, a.st)
		}, "want a signature by RSA and SHA-256"},
		{"EL 5", func(a *ask) {
			a.r.Chroot.Version = "5"
			def(a.st).ExternalParameters.Chroot = a.r.Chroot
			a.r.Statement = marshal(t, a.st)
		}, "reads no signature"},
		{"no time", func(a *ask) { a.r.Time = time.Time{} }, "time of signature"},
		{"a time to come", func(a *ask) { a.r.Time = built.Add(48 * time.Hour) }, "time of signature"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := &ask{data: good}
			a.r, a.st = request(t, el9, good)
			tt.change(a)
			got, err := c.SignPackage(t.Context(), a.r, bytes.NewReader(a.data))
			if !isRefusal(err) || got != nil {
				t.Fatalf("%d bytes, %v", len(got), err)
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v; want it to say %q", err, tt.want)
			}
		})
	}
	r, _ := request(t, el9, good)
	t.Run("in order", func(t *testing.T) {
		if _, err := c.SignPackage(t.Context(), r, bytes.NewReader(good)); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("another size than announced", func(t *testing.T) {
		for _, data := range [][]byte{good[:len(good)-1], append(bytes.Clone(good), 'x')} {
			if _, err := s.SignPackage(t.Context(), r, bytes.NewReader(data)); !isRefusal(err) {
				t.Errorf("%d bytes: %v", len(data), err)
			}
		}
	})
	t.Run("a key that is not valid yet", func(t *testing.T) {
		now.set(built.Add(-2 * time.Hour))
		r.Time = built.Add(-3 * time.Hour)
		if _, err := c.SignPackage(t.Context(), r, bytes.NewReader(good)); !isRefusal(err) || !strings.Contains(err.Error(), "not valid before") {
			t.Error(err)
		}
	})
}

// TestKeysThatDoNotDo: a key that has expired signs nothing, and Ed25519 nothing for EL 7.
func TestKeysThatDoNotDo(t *testing.T) {
	now := &clock{now: built}
	s, err := sign.Open(filepath.Join(t.TempDir(), "keys"), sign.Options{Now: now.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.CreateKey(t.Context(), project, sign.NewKey{Algorithm: pgp.Ed25519, Lifetime: 24 * time.Hour}); err != nil {
		t.Fatal(err)
	}
	data := pack(t, nil)
	ask := func(c copr.Chroot) error {
		r, _ := request(t, c, data)
		_, err := s.SignPackage(t.Context(), r, bytes.NewReader(data))
		return err
	}
	if err := ask(f44); err != nil {
		t.Error(err)
	}
	if err := ask(el7); !isRefusal(err) || !strings.Contains(err.Error(), "want RSA") {
		t.Errorf("Ed25519 for EL 7: %v", err)
	}
	now.set(built.Add(25 * time.Hour))
	if err := ask(f44); !isRefusal(err) || !strings.Contains(err.Error(), "expired") {
		t.Errorf("an expired key: %v", err)
	}
	if _, err := s.Keys(t.Context(), copr.ProjectName{Owner: "..", Name: ".."}); !isRefusal(err) {
		t.Errorf("a project that is no name: %v", err)
	}
}

// TestKeysOnDisk: nobody else reads them, two signers do not share them, and a restart finds them.
func TestKeysOnDisk(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	open := func() (*sign.Signer, error) {
		return sign.Open(dir, sign.Options{Now: func() time.Time { return built }})
	}
	s, err := open()
	if err != nil {
		t.Fatal(err)
	}
	var want []sign.Key
	for range 3 {
		if _, err := s.CreateKey(t.Context(), project, sign.NewKey{Algorithm: pgp.Ed25519}); err != nil {
			t.Fatal(err)
		}
	}
	keys, err := s.Keys(t.Context(), project)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.RetireKey(t.Context(), project, keys[1].Fingerprint); err != nil {
		t.Fatal(err)
	}
	if want, err = s.Keys(t.Context(), project); err != nil || !want[1].Retired {
		t.Fatalf("%+v, %v", want, err)
	}
	err = filepath.Walk(dir, func(name string, st os.FileInfo, err error) error {
		if err == nil && st.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s is %s", name, st.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := open(); err == nil || !strings.Contains(err.Error(), "another signer") {
		t.Errorf("a second signer: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = open(); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	got, err := s.Keys(t.Context(), project)
	if err != nil || len(got) != 3 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("after a restart %+v, before %+v, %v", got, want, err)
	}
	if err := os.Chmod(dir, 0o750); err != nil {
		t.Fatal(err)
	}
	if _, err := sign.Open(dir, sign.Options{}); err == nil || !strings.Contains(err.Error(), "0700") {
		t.Errorf("keys that others may read: %v", err)
	}
}

// TestStranger: a user who is not on the list is told so, and nothing else.
func TestStranger(t *testing.T) {
	s, _ := newSigner(t)
	c := serve(t, s, uint32(os.Getuid())+1)
	if _, err := c.PublicKey(t.Context(), project); !isRefusal(err) || !strings.Contains(err.Error(), "may not ask") {
		t.Error(err)
	}
	data := pack(t, nil)
	r, _ := request(t, el9, data)
	if _, err := c.SignPackage(t.Context(), r, bytes.NewReader(data)); !isRefusal(err) {
		t.Error(err)
	}
	if os.Getuid() != 0 {
		t.Skip("SKIP: only root can become another user")
	}
	// Root is on the list here, another user is not, whoever may open the socket.
	c = serve(t, s, 0)
	for p := c.Socket; p != "/" && p != filepath.Clean(os.TempDir()); p = filepath.Dir(p) {
		if err := os.Chmod(p, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	if err := asNobody(func() error {
		_, err := c.CreateKey(context.Background(), project, sign.NewKey{})
		return err
	}); !isRefusal(err) || !strings.Contains(err.Error(), "user 65534 may not ask") {
		t.Errorf("nobody was told %v", err)
	}
}

// asNobody runs f on a thread that is another user's, and ends with it.
func asNobody(f func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		if _, _, errno := unix.RawSyscall(unix.SYS_SETRESUID, 65534, 65534, 65534); errno != 0 {
			done <- errno
			return
		}
		done <- f()
	}()
	return <-done
}

// TestFirstKey: however many ask for a project's pubkey.gpg at once, it gets one key.
func TestFirstKey(t *testing.T) {
	s, _ := newSigner(t)
	c := serve(t, s, uint32(os.Getuid()))
	other := copr.ProjectName{Owner: "@group", Name: "first"}
	got := make([][]byte, 6)
	var all sync.WaitGroup
	for i := range got {
		all.Go(func() {
			var err error
			if got[i], err = c.PublicKey(t.Context(), other); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, key := range got {
		if !bytes.Equal(key, got[0]) {
			t.Error("two keys")
		}
	}
	if keys, err := c.Keys(t.Context(), other); err != nil || len(keys) != 1 || keys[0].Name != "@group/first (mirrorctl)" || keys[0].Algorithm != pgp.RSA {
		t.Errorf("%+v, %v", keys, err)
	}
}

// TestSocket: what is no call ends in an error and takes nothing with it; who hangs up is forgotten.
func TestSocket(t *testing.T) {
	s, _ := newSigner(t)
	c := serve(t, s, uint32(os.Getuid()))
	for name, raw := range map[string]string{
		"nothing":      "",
		"half a frame": "\x00\x00\x01\x00{",
		"a giant":      "\xff\xff\xff\xff{}",
		"no JSON":      "\x00\x00\x00\x03abc",
		"no call":      "\x00\x00\x00\x02{}",
		"below zero":   "\x00\x00\x00\x1e" + `{"op":"package","size":-10000}`,
		"no request":   "\x00\x00\x00\x10" + `{"op":"package"}`,
	} {
		conn, err := net.Dial("unix", c.Socket)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Write([]byte(raw)); err != nil {
			t.Fatal(err)
		}
		if err := conn.(*net.UnixConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(conn)
		if err != nil || !strings.Contains(string(got), `"error"`) && !strings.Contains(string(got), `"refused"`) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		conn.Close()
	}
	if _, err := sign.Listen(c.Socket, -1); err == nil {
		t.Error("a second signer at the same socket")
	}
	data := pack(t, nil)
	r, _ := request(t, el9, data)
	ctx, cancel := context.WithCancel(t.Context())
	blocked, release := io.Pipe()
	defer release.Close()
	time.AfterFunc(100*time.Millisecond, func() { cancel(); blocked.Close() })
	if _, err := c.SignPackage(ctx, r, blocked); !errors.Is(err, context.Canceled) {
		t.Errorf("a call that was canceled: %v", err)
	}
	if _, err := c.SignPackage(t.Context(), r, bytes.NewReader(data)); err != nil {
		t.Error(err)
	}
	st, err := os.Stat(c.Socket)
	if err != nil || st.Mode().Perm() != 0o660 {
		t.Errorf("socket %v, %v", st, err)
	}
}

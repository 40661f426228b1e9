package demo

import (
	"bytes"
	"cmp"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"mirrorctl/repomd"
)

// pkg is an RPM package to be written.
type pkg struct {
	name, version, release, arch string

	source bool // a source package: arch is that of its builder
	srpm   string

	summary, description, license, group, url string

	provides, requires []dependency
	files              []content
	changes            []change
	built              time.Time
	format             repomd.Format // of the payload: gz or zst
	md5                bool          // digests of files in MD5: the rpm of EL-5 knows no other
}

type dependency struct {
	name    string
	flags   uint32
	version string
}

const (
	senseLess   = 1 << 1
	senseEqual  = 1 << 3
	senseRPMLib = 1 << 24
)

type change struct {
	when         time.Time
	author, text string
}

// fileName is name-version-release.arch.rpm.
func (p *pkg) fileName() string {
	arch := p.arch
	if p.source {
		arch = "src"
	}
	return fmt.Sprintf("%s-%s-%s.%s.rpm", p.name, p.version, p.release, arch)
}

// marshal writes the package: lead, signature header, header, payload. sign makes a detached
// OpenPGP signature; the same package and signer make the same bytes.
func (p *pkg) marshal(sign func([]byte) ([]byte, error)) ([]byte, error) {
	slices.SortFunc(p.files, func(a, b content) int { return cmp.Compare(a.path, b.path) })
	var archive bytes.Buffer
	if err := writeCPIO(&archive, p.files, uint32(p.built.Unix())); err != nil {
		return nil, err
	}
	payload, err := compress(p.format, archive.Bytes())
	if err != nil {
		return nil, fmt.Errorf("compress %s: %w", p.fileName(), err)
	}
	main := p.header(payload)
	signature, err := sign(main)
	if err != nil {
		return nil, fmt.Errorf("sign %s: %w", p.fileName(), err)
	}
	digest := md5.New()
	digest.Write(main)
	digest.Write(payload)
	sha1Sum, sha256Sum := sha1.Sum(main), sha256.Sum256(main)
	var sig header
	sig.bin(268, signature) // RSA, over the header, which holds the payload's digest
	sig.text(269, hex.EncodeToString(sha1Sum[:]))
	sig.text(273, hex.EncodeToString(sha256Sum[:]))
	sig.int32s(1000, uint32(len(main)+len(payload)))
	sig.bin(1004, digest.Sum(nil))
	sig.int32s(1007, uint32(archive.Len()))
	out := append(p.lead(), sig.marshal(regionSignature)...)
	out = append(out, make([]byte, -len(out)&7)...)
	return slices.Concat(out, main, payload), nil
}

// lead is the first 96 bytes. Only file(1) and very old tools look at more than its magic and type.
func (p *pkg) lead() []byte {
	lead := make([]byte, 96)
	copy(lead, []byte{0xed, 0xab, 0xee, 0xdb, 3, 0, 0, 0, 0, 1})
	if p.source {
		lead[7] = 1
	}
	copy(lead[10:75], p.name+"-"+p.version+"-"+p.release)
	lead[77], lead[79] = 1, 5 // Linux; signature in a header
	return lead
}

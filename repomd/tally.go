package repomd

import "hash"

// tally counts and hashes what is written to it.
type tally struct {
	hash.Hash
	typ string
	n   int64
}

func newTally(typ string) (*tally, error) {
	h, err := NewHash(typ)
	if err != nil {
		return nil, err
	}
	return &tally{Hash: h, typ: typ}, nil
}

func (t *tally) Write(p []byte) (int, error) {
	t.n += int64(len(p))
	return t.Hash.Write(p)
}

// compare is nil, or a *ChecksumError that says how name differs. A size of -1 and a zero sum ask for nothing.
func (t *tally) compare(name string, size int64, sum Checksum, wrongSize, wrongSum Fault) error {
	if size >= 0 && t.n != size {
		return &ChecksumError{name, wrongSize, bytesText(size), bytesText(t.n)}
	}
	if got := SumOf(t.typ, t); !sum.IsZero() && !got.Equal(sum) {
		return &ChecksumError{name, wrongSum, sum.String(), got.String()}
	}
	return nil
}

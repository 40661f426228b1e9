package notify

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"slices"

	"mirrorctl/copr"
)

// Hook is one webhook.
type Hook struct {
	URL    string
	Events []copr.State // ends of builds that it wants
	Text   bool         // a few lines for people instead of JSON
	// SecretFile holds what deliveries are signed by; it is read for each, so that it may be changed. Optional.
	SecretFile string
}

// id is the hook's name in names of files.
func (h Hook) id() string {
	sum := sha256.Sum256([]byte(h.URL))
	return hex.EncodeToString(sum[:8])
}

func (h Hook) wants(s copr.State) bool { return slices.Contains(h.Events, s) }

const maxSecret = 4 << 10

// sign is the value of the signature's header; "" without a secret. A secret that cannot be read is an error: who
// expects a signature must not get a body without one.
func (h Hook) sign(body []byte) (string, error) {
	if h.SecretFile == "" {
		return "", nil
	}
	f, err := os.Open(h.SecretFile)
	if err != nil {
		return "", err
	}
	defer f.Close() // read only
	secret, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err != nil {
		return "", err
	}
	secret = bytes.TrimRight(secret, "\r\n")
	if len(secret) == 0 || len(secret) > maxSecret {
		return "", fmt.Errorf("secret %s: want 1 to %d bytes", h.SecretFile, maxSecret)
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil)), nil
}

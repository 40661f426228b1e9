package s3store

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
)

// Credentials are what requests are signed with. They print as nothing but their presence.
type Credentials struct {
	AccessKey    string
	SecretKey    string
	SessionToken string // of temporary credentials; may be empty
}

func (c Credentials) whole() bool { return c.AccessKey != "" && c.SecretKey != "" }

// Format keeps the keys out of every verb of fmt.
func (c Credentials) Format(f fmt.State, _ rune) {
	if c.whole() {
		_, _ = io.WriteString(f, "[S3 credentials]")
		return
	}
	_, _ = io.WriteString(f, "[no S3 credentials]")
}

// LogValue keeps the keys out of logs.
func (c Credentials) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(c)) }

// MarshalText keeps the keys out of JSON and YAML.
func (c Credentials) MarshalText() ([]byte, error) { return []byte(fmt.Sprint(c)), nil }

// The names that S3 tools agree on, in the environment and as keys of a file.
const (
	accessKeyName = "AWS_ACCESS_KEY_ID"
	secretKeyName = "AWS_SECRET_ACCESS_KEY"
	tokenName     = "AWS_SESSION_TOKEN"
)

// EnvCredentials takes them from the environment that getenv reads.
func EnvCredentials(getenv func(string) string) (Credentials, error) {
	c := Credentials{getenv(accessKeyName), getenv(secretKeyName), getenv(tokenName)}
	if !c.whole() {
		return Credentials{}, fmt.Errorf("S3 credentials: set %s and %s, or name a file that holds them", accessKeyName, secretKeyName)
	}
	return c, nil
}

const maxCredentials = 64 << 10 // bytes of the file

// ReadCredentials takes them from a file that nobody but its owner can read. It holds lines
// "name = value" with the names of the environment, in any case: a credentials file of other tools
// with one profile will do. What a line says is never part of an error.
func ReadCredentials(name string) (Credentials, error) {
	f, err := os.Open(name)
	if err != nil {
		return Credentials{}, fmt.Errorf("read S3 credentials: %w", err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return Credentials{}, fmt.Errorf("read S3 credentials: %w", err)
	}
	if !st.Mode().IsRegular() || st.Mode().Perm()&0o077 != 0 {
		return Credentials{}, fmt.Errorf("S3 credentials %s: mode %v: want a file that only its owner can read (chmod 600)", name, st.Mode())
	}
	data, err := io.ReadAll(io.LimitReader(f, maxCredentials))
	if err != nil {
		return Credentials{}, fmt.Errorf("read S3 credentials: %w", err)
	}
	c, err := parseCredentials(string(data))
	if err != nil {
		return Credentials{}, fmt.Errorf("S3 credentials %s: %w", name, err)
	}
	return c, nil
}

func parseCredentials(text string) (Credentials, error) {
	var c Credentials
	n, profiles := 0, 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#' || line[0] == ';':
			continue
		case line[0] == '[':
			if profiles++; profiles > 1 {
				return Credentials{}, fmt.Errorf("line %d: a second profile; keep the one to use in a file of its own", n)
			}
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		if !ok {
			return Credentials{}, fmt.Errorf("line %d: want name = value", n)
		}
		value = strings.TrimSpace(value)
		switch strings.ToUpper(strings.TrimSpace(name)) {
		case accessKeyName:
			c.AccessKey = value
		case secretKeyName:
			c.SecretKey = value
		case tokenName:
			c.SessionToken = value
		}
	}
	if !c.whole() {
		return Credentials{}, fmt.Errorf("%s or %s is missing", accessKeyName, secretKeyName)
	}
	return c, nil
}

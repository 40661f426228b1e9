package redirect

// Scheme is how a client came. Old releases hold old CA bundles and TLS 1.0 only, so a client
// that came by http is answered with http, and one that came by https never loses it.
type Scheme uint8

// The schemes a client comes by.
const (
	HTTP Scheme = iota
	HTTPS
	schemes
)

// String is http or https.
func (s Scheme) String() string {
	if s == HTTPS {
		return "https"
	}
	return "http"
}

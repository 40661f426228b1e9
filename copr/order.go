package copr

import "errors"

// ErrRefused says that something was looked at and will not be done, or is not good enough; the text says why, and is for
// whoever asked.
var ErrRefused = errors.New("refused")

// Order is a build that somebody wants.
type Order struct {
	Project    ProjectName `json:"project"`
	Package    string      `json:"package"`
	Version    string      `json:"version,omitempty"`    // "": the declared one
	Chroots    []Chroot    `json:"chroots,omitempty"`    // none: all of the project's
	SRPM       string      `json:"srpm,omitempty"`       // URL of a source package, instead of the declared sources
	Channel    Channel     `json:"channel,omitempty"`    // "": the package's
	Background bool        `json:"background,omitempty"` // after what people wait for
	Submitter  string      `json:"submitter,omitempty"`
}

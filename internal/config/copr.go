package config

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
)

// Copr is the configuration of the hub that rebuilds packages.
type Copr struct {
	// Projects is the directory of declarations, one YAML file a project. Default: no hub.
	Projects string `yaml:"projects"`

	// Builders is how many builds run at once in this process. Default 1; 0 leaves all work to `mirrorctl copr builder`.
	Builders int `yaml:"builders"`

	// Builder is what builds: rpmbuild, in a sandbox, or mock. Default rpmbuild.
	Builder string `yaml:"builder"`

	// Arches are the architectures that the builders of this process build for. Default: the machine's own, and those
	// that buildroots names.
	Arches []string `yaml:"arches"`

	// Buildroots are root trees to build in, by architecture or chroot: {aarch64: /srv/roots/cross-aarch64}. Default: this
	// machine's own toolchain, read-only.
	Buildroots map[string]string `yaml:"buildroots"`

	// Timeout ends a build that takes longer. Default 2h; a package may declare its own.
	Timeout Duration `yaml:"timeout"`

	// VM is a directory of kernels for the gate's virtual machines; they are fetched into it once. Default: the gate
	// runs on the builder's own kernel alone.
	VM string `yaml:"vm"`

	// NoKernel keeps the gate off this machine's kernel, where the criu under test is all but root of it: virtual machines alone
	// prove it. Set it where packages come from strangers; it wants vm.
	NoKernel bool `yaml:"no_kernel"`

	// Targets are the distributions' own repositories, as directories that hold a repodata/, by target:
	// {epel-9: [/srv/mirror/pub/el/9/$basearch/os]}. The requirements of packages are resolved against them. Default: they
	// are not resolved, and the report says so.
	Targets map[string][]string `yaml:"targets"`

	// Signer is the socket of the process that holds the keys. Default: serve starts one of its own, with keys in the state directory.
	Signer string `yaml:"signer"`

	// Listen is an address for builders on other machines, host:port. Default: none, and nothing listens.
	Listen string `yaml:"listen"`

	// Queue is the URL of an external NATS cluster with JetStream. Default: one in this process.
	Queue string `yaml:"queue"`

	// Files are directories below which declarations may name sources and directories to watch, beside copr.projects itself.
	Files []string `yaml:"files"`

	// AllowPrivate are networks that sources may be fetched from, and webhooks called in, though they are private.
	AllowPrivate []netip.Prefix `yaml:"allow_private"`

	// Webhooks are told of builds that have ended: [{url: https://chat.example.org/hook, events: [failed], format: text,
	// secret_file: /etc/mirrorctl/hook.secret}]. events are succeeded, failed and canceled; default the first two. format is
	// json or text; default json. With secret_file, deliveries are signed in X-Hub-Signature-256. Read at the start of the service.
	Webhooks []Webhook `yaml:"webhooks"`
}

// Webhook is one receiver of events.
type Webhook struct {
	URL        string   `yaml:"url"`
	Events     []string `yaml:"events"`
	Format     string   `yaml:"format"`
	SecretFile string   `yaml:"secret_file"`
}

// check fills in the defaults.
func (w *Webhook) check() error {
	u, err := url.Parse(w.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil {
		return errors.New("url: want http:// or https://, a host, and no credentials") // the URL itself may be a secret
	}
	if len(w.Events) == 0 {
		w.Events = []string{"succeeded", "failed"}
	}
	for _, e := range w.Events {
		if e != "succeeded" && e != "failed" && e != "canceled" {
			return fmt.Errorf("events: %q may be succeeded, failed or canceled", e)
		}
	}
	if w.Format == "" {
		w.Format = "json"
	}
	if w.Format != "json" && w.Format != "text" {
		return fmt.Errorf("format: %q may be json or text", w.Format)
	}
	return nil
}

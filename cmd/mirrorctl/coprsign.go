package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os/user"
	"strconv"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"mirrorctl/copr"
	"mirrorctl/copr/sign"
	"mirrorctl/internal/forge"
)

func (a *app) coprSignerCommand() *cobra.Command {
	var keys, socket string
	var allow []string
	c := &cobra.Command{
		Use: "signer", Short: "Hold the keys of projects and sign for the hub", Args: arguments(0, 0),
		Long: `signer answers at a unix socket: it signs packages whose provenance is complete, and metadata.
Run it as a user of its own, apart from whoever builds, and name its socket in copr.signer; where
that is empty, serve starts one as a process beside itself.`,
		RunE: func(c *cobra.Command, _ []string) error {
			if keys == "" || socket == "" {
				cfg, err := a.config()
				if err != nil {
					return err
				}
				if keys == "" {
					keys = forge.Keys(cfg)
				}
				if socket == "" {
					socket = forge.Signer(cfg)
				}
			}
			uids, err := users(allow)
			if err != nil {
				return usageError{err}
			}
			return forge.RunSigner(c.Context(), keys, socket, uids)
		},
	}
	f := c.Flags()
	f.StringVar(&keys, "keys", "", "directory of the keys (default: copr/keys in the state directory)")
	f.StringVar(&socket, "socket", "", "where to answer (default: copr.signer)")
	f.StringSliceVar(&allow, "allow", nil, "a `USER` who may ask, by name or number, beside root and its own")
	return c
}

// users are the numbers of users that are named, or numbers already: what a unit of systemd can name, it cannot count.
func users(names []string) ([]uint32, error) {
	var uids []uint32
	for _, name := range names {
		number := name
		if u, err := user.Lookup(name); err == nil {
			number = u.Uid
		}
		uid, err := strconv.ParseUint(number, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("--allow %q: there is no such user", name)
		}
		uids = append(uids, uint32(uid))
	}
	return uids, nil
}

func (a *app) coprKeyCommand() *cobra.Command {
	list := &cobra.Command{
		Use: "list PROJECT", Short: "List the keys of a project, newest first", Args: arguments(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			client, p, err := a.signer(args[0])
			if err != nil {
				return err
			}
			keys, err := client.Keys(c.Context(), p)
			if err != nil {
				return explainSigner(err)
			}
			return a.printKeys(keys)
		},
	}
	show := &cobra.Command{
		Use: "show PROJECT", Short: "Print the public keys of a project, as in its pubkey.gpg", Args: arguments(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			client, p, err := a.signer(args[0])
			if err != nil {
				return err
			}
			text, err := client.PublicKey(c.Context(), p)
			if err != nil {
				return explainSigner(err)
			}
			_, err = a.stdout.Write(text)
			return err
		},
	}
	var new sign.NewKey
	rotate := &cobra.Command{
		Use: "rotate PROJECT", Short: "Make a new key, which signs from now on; the old ones stay in pubkey.gpg", Args: arguments(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			client, p, err := a.signer(args[0])
			if err != nil {
				return err
			}
			k, err := client.CreateKey(c.Context(), p, new)
			if err != nil {
				return explainSigner(err)
			}
			return a.printKeys([]sign.Key{k})
		},
	}
	rotate.Flags().DurationVar(&new.Lifetime, "lifetime", 0, "how long it is good for (default: for ever)")
	rotate.Flags().StringVar((*string)(&new.Algorithm), "algorithm", "", "rsa, or ed25519, which EL 9 and older do not read (default rsa)")
	retire := &cobra.Command{
		Use: "retire PROJECT FINGERPRINT", Short: "Take a key out of pubkey.gpg: what it signed can be installed no more", Args: arguments(2, 2),
		RunE: func(c *cobra.Command, args []string) error {
			client, p, err := a.signer(args[0])
			if err != nil {
				return err
			}
			return explainSigner(client.RetireKey(c.Context(), p, args[1]))
		},
	}
	return group(&cobra.Command{Use: "key", Short: "Show and rotate the keys of projects"}, list, show, rotate, retire)
}

// explainSigner says what to do where no signer answers.
func explainSigner(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
		return hinted{err, "`mirrorctl serve` starts one"}
	}
	return err
}

// signer is the client of the process that holds the keys.
func (a *app) signer(project string) (*sign.Client, copr.ProjectName, error) {
	cfg, err := a.config()
	if err != nil {
		return nil, copr.ProjectName{}, err
	}
	p, err := copr.ParseProjectName(project)
	if err != nil {
		return nil, p, usageError{err}
	}
	return &sign.Client{Socket: forge.Signer(cfg)}, p, nil
}

func (a *app) printKeys(keys []sign.Key) error {
	t := &table{columns: []string{"fingerprint", "algorithm", "created", "expires", "retired", "name"}}
	for _, k := range keys {
		expires := "never"
		if !k.Expires.IsZero() {
			expires = k.Expires.Format(time.DateOnly)
		}
		t.add(k.Fingerprint, string(k.Algorithm), k.Created.Format(time.DateOnly), expires, strconv.FormatBool(k.Retired), k.Name)
	}
	return a.out.print(a.stdout, keys, t)
}

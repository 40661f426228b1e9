package archive

import "context"

// adopt compares what the store holds with the source, byte for byte by hash, and takes it
// over. Anything else there is never replaced.
func (c *copier) adopt(ctx context.Context, e Entry) error {
	o, err := c.a.site.Store.Stat(ctx, e.Path)
	if err != nil {
		return err
	}
	foreign := func(what string) error {
		return &problemError{Path: e.Path, Kind: ProblemConflict, Text: "the archive holds " + what}
	}
	if what := differs(e, o); what != "" {
		return foreign(what)
	}
	// Ours, if it was not there when the job began.
	put := putRecord{Path: e.Path, Size: e.bytes(), Adopted: c.existed[e.Path]}
	if e.Type == File {
		if put.Sum, put.Accepted, err = c.a.hashRoot(ctx, e, accepted(c.begin.Options.Accept, e.Path)); err != nil {
			return err
		}
		plain := e
		plain.Claims = nil
		h, err := hashObject(ctx, c.a.open, plain, func(int) {})
		if err != nil {
			return err
		}
		if h.Sum() != put.Sum {
			return foreign("another file there, of the same size")
		}
	}
	return c.log(recPut, put)
}

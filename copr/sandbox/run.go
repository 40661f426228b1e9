package sandbox

import (
	"context"
	"errors"
)

// Run runs c and returns when every process of it is gone. The error is for a sandbox that could not be made, or ctx; a command
// that failed is no error, and neither is one that a limit ended.
func Run(ctx context.Context, c Command) (Exit, error) { return Exit{}, errors.New("sandbox: not yet") }

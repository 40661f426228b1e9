package sandbox

import (
	"context"
	"fmt"
	"time"
)

// Supported says why there can be no sandbox here, by making one.
func Supported() error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	exit, err := Run(ctx, Command{Args: []string{"/bin/sh", "-c", ":"}, Limits: Limits{Memory: 1 << 30}})
	if err != nil {
		return fmt.Errorf("%w (user namespaces must be allowed: see user.max_user_namespaces and kernel.apparmor_restrict_unprivileged_userns)", err)
	}
	if exit.Code != 0 {
		return fmt.Errorf("make the sandbox: a shell in it ended with %d", exit.Code)
	}
	return nil
}

//go:build linux && (amd64 || arm64)

package fault_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"mirrorctl/test/fault/inject"
)

var errnos = []unix.Errno{unix.ENOSPC, unix.EIO, unix.EMFILE, unix.EROFS, unix.EDQUOT, unix.EINTR}

// Each call is refused once with an errno, or it and all that follow. The program may fail and must say so;
// it must not hang, break an invariant, or say that it has done what it has not; and run again in peace it must succeed.
func TestErrno(t *testing.T) {
	sub := mirrorctl(t)
	sweepAll(t, sub, refused, 2*time.Second)
}

func TestErrnoPassesTheRight(t *testing.T) {
	sweepAll(t, understudyWith(t, ""), refused, time.Second)
}

// refused is one point of TestErrno.
func refused(ctx context.Context, sub subject, tr trip, n int) (verdict, error) {
	s, err := tr.prepare(ctx, sub)
	defer s.close()
	if err != nil {
		return verdict{}, err
	}
	errno := errnos[n%len(errnos)]
	refuse := inject.Verdict{Then: inject.Refuse, Errno: errno}
	decide := inject.At(n, refuse)
	if errno != unix.EINTR && n/len(errnos)%2 == 1 {
		decide = inject.From(n, refuse)
	}
	out, err := s.inject(ctx, sub.command(s, tr.args...), decide)
	v := verdict{struck: len(out.Struck) > 0}
	if v.struck {
		v.where = fmt.Sprintf("%s refused with %v, exit %d, %d refused in all", out.Struck[0], errno, out.Exit, len(out.Struck))
	}
	if err != nil {
		return v, fmt.Errorf("%s: %w", v.where, err)
	}
	if !v.struck || out.Exit == 0 {
		v.finished(s, tr.goal, out)
		return v, nil
	}
	if out.output == "" {
		v.judge([]string{"it failed without a word"}, nil)
	}
	_, violations, err := s.oracle.Check()
	v.judge(violations, err)
	v.judge(nil, s.clients(ctx))
	return v, v.recover(ctx, s, tr.again, tr.goal)
}

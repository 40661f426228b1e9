//go:build linux && (amd64 || arm64)

package inject

import "golang.org/x/sys/unix"

// Verdict is what happens to a call. The zero Verdict lets it run.
type Verdict struct {
	// Hold, where set, is run first, while the call and every later one waits. Its error
	// ends the run: the command is killed and Run returns the error.
	Hold func() error
	// Then follows.
	Then  Action
	Errno unix.Errno // for Refuse
}

// Action is the core of a verdict.
type Action uint8

// The actions.
const (
	Pass       Action = iota // the kernel runs the call
	Kill                     // SIGKILL before the call has run
	KillWithin               // the call is let go and SIGKILL follows at once: it may finish, stop half way, or not begin
	Refuse                   // the call is not run and fails with Errno
	Lie                      // the call is not run and seems to have succeeded; not for calls that return a descriptor
)

// Decide makes the verdict on a call. It is called for one call at a time.
type Decide func(Call) Verdict

// At gives the n-th counted call verdict v and lets all others run.
func At(n int, v Verdict) Decide {
	return func(c Call) Verdict {
		if c.N == n {
			return v
		}
		return Verdict{}
	}
}

// From gives the n-th counted call and all later ones verdict v: a disk that is full stays full.
func From(n int, v Verdict) Decide {
	return func(c Call) Verdict {
		if c.N >= n {
			return v
		}
		return Verdict{}
	}
}

// AtKind gives the n-th call of kind k verdict v and lets all others run.
func AtKind(k Kind, n int, v Verdict) Decide {
	return func(c Call) Verdict {
		if c.Kind == k && c.KindN == n {
			return v
		}
		return Verdict{}
	}
}

// Both asks each rule in turn; the first that does not let the call run wins.
func Both(rules ...Decide) Decide {
	return func(c Call) Verdict {
		for _, rule := range rules {
			if v := rule(c); v.Hold != nil || v.Then != Pass {
				return v
			}
		}
		return Verdict{}
	}
}

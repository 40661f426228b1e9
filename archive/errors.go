package archive

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"mirrorctl/mirror"
)

// BlockedError says that something outside stopped a job: a full disk, an I/O error, a server
// that does not follow. What was done stays, and the job can be continued.
type BlockedError struct {
	Release mirror.Release
	Job     string
	State   JobState
	Err     error
}

func (e *BlockedError) Error() string {
	then := "run `mirrorctl archive --resume " + e.Release.String() + "`"
	kept := "nothing was published"
	switch {
	case e.State == Restoring:
		kept, then = "the archive still answers", "run `mirrorctl restore "+e.Release.String()+"`"
	case !e.State.unpublished():
		kept, then = "nothing was deleted", "run the command again"
	}
	return fmt.Sprintf("job %s stopped in state %s: %v: %s; %s, then %s", e.Job, e.State, e.Err, kept, remedy(e.Err), then)
}

func (e *BlockedError) Unwrap() error { return e.Err }

// blocked journals why a run stopped and says what to do next. Errors that say so themselves
// pass; so does the end of ctx, after which there is nothing to mend.
func (r *run) blocked(ctx context.Context, err error) error {
	var (
		conflict *ConflictError
		problems *ProblemsError
		verify   *VerifyError
		notYet   *NotYetError
		lost     *LostError
	)
	if err == nil || errors.As(err, &conflict) || errors.As(err, &lost) || errors.As(err, &notYet) {
		return err
	}
	if ctx.Err() != nil {
		return fmt.Errorf("job %s stopped in state %s; it can be continued: %w", r.id, r.state, ctx.Err())
	}
	// Where even the journal cannot be written, status will not know the reason; the caller does.
	_ = r.log(recBlocked, reasonRecord{Time: r.a.now(), Reason: err.Error()})
	if errors.As(err, &problems) || errors.As(err, &verify) {
		return err
	}
	return &BlockedError{Release: r.begin.Target.Release, Job: r.id, State: r.state, Err: err}
}

// remedy is what a person can do about an error.
func remedy(err error) string {
	switch {
	case errors.Is(err, unix.ENOSPC), errors.Is(err, unix.EDQUOT):
		return "make room"
	case errors.Is(err, unix.EIO):
		return "check the disk"
	case errors.Is(err, unix.EROFS):
		return "mount the filesystem for writing"
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM):
		return "give this user access"
	case errors.Is(err, unix.EMFILE), errors.Is(err, unix.ENFILE):
		return "raise the limit of open files"
	}
	return "mend the cause"
}

// ConflictError says that two things which must agree do not, and that a person must say
// which is right. Nothing was deleted or replaced.
type ConflictError struct {
	Release mirror.Release
	Job     string
	What    string   // one line
	Details []string // the first few
	Hint    string   // what to do next
}

func (e *ConflictError) Error() string {
	s := fmt.Sprintf("job %s: conflict: %s", e.Job, e.What)
	if len(e.Details) > 0 {
		s += ": " + e.Details[0]
		if n := len(e.Details) - 1; n > 0 {
			s += fmt.Sprintf(" (and %d more)", n)
		}
	}
	return s + "; " + e.Hint
}

// conflict makes a ConflictError of this job, and journals it for status to show.
func (r *run) conflict(what string, details []string, hint string) error {
	err := &ConflictError{Release: r.begin.Target.Release, Job: r.id, What: what, Details: details, Hint: hint}
	return errors.Join(err, r.log(recConflict, reasonRecord{Time: r.a.now(), Reason: err.Error()}))
}

// NotYetError says that a step is not yet due. Nothing was done.
type NotYetError struct {
	What  string    // grace, quiet, followers or retention
	Until time.Time // zero where it cannot be told
	Why   string
}

func (e *NotYetError) Error() string {
	if e.Until.IsZero() {
		return fmt.Sprintf("not yet: %s: %s", e.What, e.Why)
	}
	return fmt.Sprintf("not yet: %s: %s; run again after %s", e.What, e.Why, e.Until.Format(time.RFC3339))
}

// PreflightError says that a site cannot work as it stands. Nothing was changed.
type PreflightError struct {
	What string
	Err  error // may be nil
}

func (e *PreflightError) Error() string {
	if e.Err == nil {
		return e.What
	}
	return fmt.Sprintf("%s: %v", e.What, e.Err)
}

func (e *PreflightError) Unwrap() error { return e.Err }

package copr

import "time"

// Verdict is how a check of a gate ended.
type Verdict string

// The verdicts.
const (
	Pass Verdict = "pass"
	Fail Verdict = "fail"
	Skip Verdict = "skip" // a probe found that it cannot run here; Check.Reason says what
)

// Check is one thing that a gate tried.
type Check struct {
	Name    string        `json:"name"` // dump-restore, lazy-pages, rpm-verify
	Verdict Verdict       `json:"verdict"`
	Reason  string        `json:"reason,omitempty"`
	Took    time.Duration `json:"took"`
}

// Runners are where checks run: in a root directory of the target, on the builder's kernel, in a virtual machine, and at the
// hub itself.
var Runners = []string{"root", "kernel", "vm", "hub"}

// Report is what a gate found on one runner.
type Report struct {
	Gate   string  `json:"gate"`   // install, criu
	Runner string  `json:"runner"` // one of Runners
	Arch   string  `json:"arch"`
	Host   string  `json:"host"` // which kernel, which emulator
	Checks []Check `json:"checks"`
}

// Allowed lists the checks that may be skipped, by architecture and runner: what is known not to run there. The key is
// "arch/runner".
type Allowed map[string][]string

// Judge returns why the report does not let its package out; none where it does: no failure, at least one pass, and no skip
// beyond those that are allowed.
func (r Report) Judge(allowed Allowed) []string {
	may := map[string]bool{}
	for _, name := range allowed[r.Arch+"/"+r.Runner] {
		may[name] = true
	}
	var why []string
	passed := 0
	for _, c := range r.Checks {
		switch {
		case c.Verdict == Pass:
			passed++
		case c.Verdict == Skip && may[c.Name]:
		case c.Verdict == Skip:
			why = append(why, c.Name+" was skipped, which is not allowed for "+r.Arch+" on "+r.Runner+": "+c.Reason)
		default:
			why = append(why, c.Name+" failed: "+c.Reason)
		}
	}
	if passed == 0 {
		why = append(why, "no check of gate "+r.Gate+" passed on "+r.Runner)
	}
	return why
}

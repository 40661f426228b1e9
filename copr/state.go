package copr

// State is where a build, or one chroot of it, stands. The words are COPR's.
type State string

// The states.
const (
	Waiting   State = "waiting"   // for another build of the same batch
	Importing State = "importing" // the source package is being made
	Pending   State = "pending"   // waits for a builder
	Starting  State = "starting"  // a builder took it
	Running   State = "running"   // it is being built, proven, signed or published: see Chroot.Step
	Succeeded State = "succeeded" // published
	Failed    State = "failed"
	Canceled  State = "canceled"
	Skipped   State = "skipped" // the package does not build for this chroot; a reason is given
	Forked    State = "forked"  // taken over from another project
)

// States lists all of them.
var States = []State{Waiting, Importing, Pending, Starting, Running, Succeeded, Failed, Canceled, Skipped, Forked}

// Ended reports whether nothing will happen any more.
func (s State) Ended() bool {
	switch s {
	case Succeeded, Failed, Canceled, Skipped, Forked:
		return true
	}
	return false
}

// next lists which states may follow which. A retry begins a new attempt, from an end.
var next = map[State][]State{
	Waiting:   {Importing, Pending, Failed, Canceled, Skipped},
	Importing: {Pending, Failed, Canceled, Skipped},
	Pending:   {Starting, Failed, Canceled, Skipped},
	Starting:  {Running, Pending, Failed, Canceled},
	Running:   {Pending, Succeeded, Failed, Canceled, Skipped},
	Failed:    {Pending, Importing},
	Canceled:  {Pending, Importing},
}

// May reports whether a chroot may go from s to t.
func (s State) May(t State) bool {
	for _, n := range next[s] {
		if n == t {
			return true
		}
	}
	return false
}

// Step is what happens to a chroot that is running.
type Step string

// The steps, in order.
const (
	StepBuild   Step = "build"
	StepGate    Step = "gate"
	StepCheck   Step = "check" // name, version, architecture, ABI floor, closure
	StepSign    Step = "sign"
	StepPublish Step = "publish"
)

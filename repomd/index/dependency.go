package index

import "fmt"

// Dependency is one entry of a package's provides, requires and so on.
type Dependency struct {
	Name    string
	Flags   uint32 // rpm's sense bits
	Version string // [epoch:]version[-release]; "" where any will do
}

// Sense bits of a dependency's Flags.
const (
	senseLess       = 1 << 1
	senseGreater    = 1 << 2
	senseEqual      = 1 << 3
	sensePosttrans  = 1 << 5
	sensePrereq     = 1 << 6
	sensePretrans   = 1 << 7
	senseScriptPre  = 1 << 9
	senseScriptPost = 1 << 10
	senseBefore     = sensePosttrans | sensePrereq | sensePretrans | senseScriptPre | senseScriptPost
)

// Op is the comparison as repodata spells it: LT, LE, EQ, GE, GT, or "" for none.
func (d Dependency) Op() string {
	switch d.Flags & 0xf {
	case senseLess:
		return "LT"
	case senseGreater:
		return "GT"
	case senseEqual:
		return "EQ"
	case senseLess | senseEqual:
		return "LE"
	case senseGreater | senseEqual:
		return "GE"
	}
	return ""
}

// Pre reports whether the dependency must be there before the package's scripts run.
func (d Dependency) Pre() bool { return d.Flags&senseBefore != 0 }

// Indexes of dependencyTags, in the order in which repodata lists them.
const (
	provides = iota
	requires
	conflicts
	obsoletes
	suggests
	enhances
	recommends
	supplements
)

var dependencyTags = [...]struct{ name, flags, version int }{
	provides:    {1047, 1112, 1113},
	requires:    {1049, 1048, 1050},
	conflicts:   {1054, 1053, 1055},
	obsoletes:   {1090, 1114, 1115},
	suggests:    {5049, 5051, 5050},
	enhances:    {5055, 5057, 5056},
	recommends:  {5046, 5048, 5047},
	supplements: {5052, 5054, 5053},
}

// dependencies reads one kind. Packages of rpm 2 and 3 name what they need and no more;
// otherwise the three lists belong together.
func (h *header) dependencies(kind int) ([]Dependency, error) {
	t := dependencyTags[kind]
	names, flags, versions := texts(h.main, t.name), numbers(h.main, t.flags), texts(h.main, t.version)
	if len(names) == 0 {
		return nil, nil
	}
	if (flags != nil || versions != nil) && (len(flags) != len(names) || len(versions) != len(names)) {
		return nil, fmt.Errorf("tag %d: %d names, %d flags, %d versions", t.name, len(names), len(flags), len(versions))
	}
	deps := make([]Dependency, len(names))
	for i, name := range names {
		deps[i].Name = name
		if flags != nil {
			deps[i].Flags, deps[i].Version = uint32(flags[i]), versions[i]
		}
	}
	return deps, nil
}

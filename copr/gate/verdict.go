package gate

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"mirrorctl/copr"
	"mirrorctl/copr/gate/counter"
)

// The checks of gate criu. Those of checkpoints are held to the counting process's records.
const (
	checkVersion     = "version"
	checkCRIU        = "criu-check"
	checkDump        = "dump-restore"
	checkServer      = "page-server"
	checkLazy        = "lazy-pages"
	checkLazyRemote  = "lazy-remote"
	checkPreDump     = "pre-dump"
	checkPreDumpLazy = "pre-dump-lazy"
	checkTCP         = "tcp-established"
)

// kernelChecks run on this machine's kernel, vmChecks in a virtual machine: criu check wants modules that are not in the
// image, and so does the lock of a TCP connection.
var (
	kernelChecks = []string{checkVersion, checkCRIU, checkDump, checkServer, checkLazy, checkLazyRemote, checkPreDump, checkPreDumpLazy, checkTCP}
	vmChecks     = []string{checkVersion, checkDump, checkServer, checkLazy, checkLazyRemote, checkPreDump, checkPreDumpLazy}
)

// verdicts judges a transcript: every wanted check has an answer, in order. What ended early, and why, is said of those
// that did not come.
func (t *transcript) verdicts(want []string, version string, ended error) []copr.Check {
	tries := map[string][]try{}
	for _, y := range t.tries {
		tries[y.name] = append(tries[y.name], y)
	}
	var all []copr.Check
	for _, name := range want {
		c := copr.Check{Name: name, Verdict: copr.Fail}
		switch found := tries[name]; {
		case len(found) == 0:
			c.Reason = fmt.Sprintf("did not run: %v", why(ended))
		case len(found) > 1:
			c.Reason = "was reported twice"
		case !found[0].ended:
			c.Reason = fmt.Sprintf("did not end: %v", why(ended))
		default:
			c = found[0].verdict(version)
		}
		all = append(all, c)
	}
	return all
}

func why(ended error) error {
	if ended == nil {
		return errors.New("the checks stopped")
	}
	return ended
}

func (y try) verdict(version string) copr.Check {
	c := copr.Check{Name: y.name, Verdict: copr.Fail, Reason: y.fail, Took: time.Duration(y.took).Round(time.Millisecond)}
	if y.fail != "" {
		return c
	}
	if y.skip != "" {
		c.Verdict, c.Reason = copr.Skip, y.skip
		return c
	}
	var err error
	switch y.name {
	case checkVersion:
		err = y.sameVersion(version)
	case checkCRIU: // its exit status is all
	default:
		err = y.sameProcess()
	}
	if err != nil {
		c.Reason = err.Error()
		return c
	}
	c.Verdict, c.Reason = copr.Pass, strings.Join(y.notes, "; ")
	return c
}

// sameVersion holds what the program says of itself against what was built. A tilde stands for a dash in versions of RPM.
func (y try) sameVersion(want string) error {
	for _, note := range y.notes {
		if got, ok := strings.CutPrefix(note, "Version: "); ok && got == strings.ReplaceAll(want, "~", "-") {
			return nil
		}
	}
	return fmt.Errorf("criu says %q, %s was built", strings.Join(y.notes, "; "), want)
}

// sameProcess holds the records against each other and against what the memory must be: the process was gone, is the one
// it was, and has counted on from where it was.
func (y try) sameProcess() error {
	var r [3]counter.Record
	for i, line := range []string{y.before, y.dumped, y.after} {
		var err error
		when := [...]string{"before the dump", "at the dump", "after the restore"}[i]
		if r[i], err = counter.ParseRecord(line); err == nil {
			err = r[i].Check()
		}
		if err != nil {
			return fmt.Errorf("%s: %w", when, err)
		}
	}
	before, dumped, after := r[0], r[1], r[2]
	switch {
	case before.PID != dumped.PID || dumped.PID != after.PID:
		return fmt.Errorf("pid was %d, is %d", dumped.PID, after.PID)
	case dumped.Count < before.Count || after.Count <= dumped.Count:
		return fmt.Errorf("counted %d, %d at the dump, and %d after the restore", before.Count, dumped.Count, after.Count)
	case y.name == checkTCP && after.Heard <= dumped.Heard:
		return fmt.Errorf("heard %d on its connection, and %d after the restore", dumped.Heard, after.Heard)
	}
	return nil
}

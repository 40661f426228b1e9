// Command report runs `go test -json`, prints a line a package, everything about
// what failed, the reason of every skip, and at the end one line of counts. Several runs, one after another, are counted
// together.
//
//	go run ./test/report -- go test ./...
//	go run ./test/report -- go test -p 1 ./a -- go test -p 2 ./b
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
)

func main() {
	if len(os.Args) < 4 || os.Args[1] != "--" {
		fmt.Fprintln(os.Stderr, "usage: report -- go test [flags] packages [-- go test …]")
		os.Exit(2)
	}
	t := &tally{text: map[key][]string{}}
	ok := true
	for rest := os.Args[2:]; len(rest) > 0; {
		end := slices.Index(rest, "--")
		if end < 0 {
			end = len(rest)
		}
		if err := t.run(rest[:end]); err != nil {
			fmt.Fprintln(os.Stderr, "report:", err)
			ok = false
		}
		rest = rest[min(end+1, len(rest)):]
	}
	slices.Sort(t.skipped)
	for _, s := range t.skipped {
		fmt.Println(s)
	}
	fmt.Printf("%d passed, %d failed, %d skipped\n", t.passed, t.failed, len(t.skipped))
	if !ok || t.failed > 0 {
		os.Exit(1)
	}
}

// event is one line of test2json.
type event struct {
	Action, Package, Test, Output string
	Elapsed                       float64
}

type key struct{ pkg, test string }

// tally counts what tests say.
type tally struct {
	text           map[key][]string // of what has not ended
	passed, failed int
	skipped        []string
}

// run runs one go test and takes its events.
func (t *tally) run(args []string) error {
	if len(args) < 2 {
		return fmt.Errorf("want go test and packages, not %q", args)
	}
	cmd := exec.Command(args[0], append([]string{args[1], "-json"}, args[2:]...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			fmt.Println(lines.Text()) // the build's own words
			continue
		}
		t.take(e)
	}
	return cmd.Wait()
}

func (t *tally) take(e event) {
	k := key{e.Package, e.Test}
	switch e.Action {
	case "output":
		t.text[k] = append(t.text[k], e.Output)
		if strings.HasPrefix(e.Output, "figure: ") || strings.Contains(e.Output, ": figure: ") {
			fmt.Print(e.Output) // what a campaign measured is worth reading when it passed, too
		}
		return
	case "build-output":
		fmt.Print(e.Output)
		return
	case "pass", "fail", "skip":
	default:
		return
	}
	switch {
	case e.Test == "":
		fmt.Printf("%-5s %-32s %6.1f s\n", e.Action, e.Package, e.Elapsed)
		if e.Action == "fail" {
			printAll(t.text[k])
		}
	case e.Action == "pass":
		t.passed++
	case e.Action == "fail":
		t.failed++
		fmt.Printf("FAIL  %s %s\n", e.Package, e.Test)
		printAll(t.text[k])
	case e.Action == "skip":
		t.skipped = append(t.skipped, fmt.Sprintf("SKIP  %s %s: %s", e.Package, e.Test, reason(t.text[k])))
	}
	delete(t.text, k)
}

func printAll(lines []string) {
	for _, l := range lines {
		fmt.Print("      ", l)
	}
}

// reason is the text that a test gave to Skip.
func reason(lines []string) string {
	for _, l := range lines {
		if _, why, ok := strings.Cut(l, ".go:"); ok { // of a test, or of what it calls
			_, why, _ = strings.Cut(why, ": ")
			return strings.TrimSpace(strings.TrimPrefix(why, "SKIP: "))
		}
	}
	return "no reason given"
}

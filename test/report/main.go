// Command report runs `go test -json`, prints a line a package, everything about
// what failed, the reason of every skip, and at the end one line of counts.
//
//	go run ./test/report -- go test ./...
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

// event is one line of test2json.
type event struct {
	Action, Package, Test, Output string
	Elapsed                       float64
}

type key struct{ pkg, test string }

func main() {
	if len(os.Args) < 4 || os.Args[1] != "--" {
		fmt.Fprintln(os.Stderr, "usage: report -- go test [flags] packages")
		os.Exit(2)
	}
	args := append([]string{os.Args[3], "-json"}, os.Args[4:]...)
	cmd := exec.Command(os.Args[2], args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}

	text := map[key][]string{}
	var passed, failed int
	var skipped []string
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			fmt.Println(lines.Text()) // the build's own words
			continue
		}
		k := key{e.Package, e.Test}
		switch e.Action {
		case "output":
			text[k] = append(text[k], e.Output)
			if strings.HasPrefix(e.Output, "figure: ") || strings.Contains(e.Output, ": figure: ") {
				fmt.Print(e.Output) // what a campaign measured is worth reading when it passed, too
			}
			continue
		case "build-output":
			fmt.Print(e.Output)
			continue
		case "pass", "fail", "skip":
		default:
			continue
		}
		switch {
		case e.Test == "":
			fmt.Printf("%-5s %-32s %6.1f s\n", e.Action, e.Package, e.Elapsed)
			if e.Action == "fail" {
				printAll(text[k])
			}
		case e.Action == "pass":
			passed++
		case e.Action == "fail":
			failed++
			fmt.Printf("FAIL  %s %s\n", e.Package, e.Test)
			printAll(text[k])
		case e.Action == "skip":
			skipped = append(skipped, fmt.Sprintf("SKIP  %s %s: %s", e.Package, e.Test, reason(text[k])))
		}
		delete(text, k)
	}
	err = cmd.Wait()
	slices.Sort(skipped)
	for _, s := range skipped {
		fmt.Println(s)
	}
	fmt.Printf("%d passed, %d failed, %d skipped\n", passed, failed, len(skipped))
	if err != nil || failed > 0 {
		os.Exit(1)
	}
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

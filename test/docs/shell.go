package docs

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// pageTime bounds how long the blocks of one page may take together.
const pageTime = 5 * time.Minute

// prelude makes a shell that notes each command which fails, and goes on as a terminal does.
const prelude = `set -E
trap '__noted=$?; printf "%d\t%s\n" $__noted "${BASH_COMMAND//$'\n'/ }" >>"$__failed"' ERR
__ready() {
	for __try in $(seq 600); do
		if curl -sf -o /dev/null "$__url/readyz"; then return 0; fi
		if ! kill -0 "$__service" 2>/dev/null; then return 1; fi
		sleep 0.05
	done
	return 1
}
`

// result is how one block ended.
type result struct {
	ran      bool
	output   string
	failures []string // exit code, tab, command
}

// runBlocks runs blocks in one shell, each with its own output, until one fails that should not.
func (w *places) runBlocks(t *testing.T, served bool, blocks []Block) []result {
	t.Helper()
	dir := filepath.Join(w.dir, "blocks")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	file := func(i int, ext string) string { return filepath.Join(dir, strconv.Itoa(i)+ext) }
	var script strings.Builder
	script.WriteString(prelude)
	fmt.Fprintf(&script, "__url=http://%s\n", w.addr)
	if served {
		blocks = append([]Block{{Lang: "sh", Info: []string{"terminal"}, Text: "mirrorctl serve\n"}}, blocks...)
	}
	for i := range blocks {
		b := &blocks[i]
		// The last command is ours: a "." that ends in failure would be noted as one more.
		if err := os.WriteFile(file(i, ".sh"), []byte(w.here(b.Text)+":\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&script, "__failed=%s\ntouch %s\n", file(i, ".failed"), file(i, ".out"))
		if b.has("terminal") {
			fmt.Fprintf(&script, ". %s >%s 2>&1 </dev/null &\n__service=$!\n__ready || { echo '1\tthe service does not get ready' >>$__failed; exit; }\n", file(i, ".sh"), file(i, ".out"))
			continue
		}
		fmt.Fprintf(&script, ". %s >%s 2>&1 </dev/null\n", file(i, ".sh"), file(i, ".out"))
		if b.value("exit") == "" {
			script.WriteString("[ ! -s $__failed ] || exit\n")
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), pageTime)
	defer cancel()
	shell := exec.CommandContext(ctx, "bash", "--noprofile", "--norc", "-c", script.String())
	shell.Dir, shell.Env = filepath.Join(w.dir, "work"), w.env
	shell.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	shell.Cancel = func() error { return syscall.Kill(-shell.Process.Pid, syscall.SIGKILL) }
	said, err := os.Create(filepath.Join(dir, "said")) // a file: a pipe would keep Wait until the last service ends
	if err != nil {
		t.Fatal(err)
	}
	defer said.Close()
	shell.Stdout, shell.Stderr = said, said
	err = shell.Run()
	if shell.Process != nil {
		w.end(t, shell.Process.Pid)
	}
	if ctx.Err() != nil {
		t.Errorf("the page took longer than %s: %v", pageTime, err)
	}
	results := make([]result, len(blocks))
	for i := range blocks {
		out, err := os.ReadFile(file(i, ".out"))
		if err != nil {
			continue
		}
		failed, _ := os.ReadFile(file(i, ".failed")) // there is none where nothing failed
		results[i] = result{ran: true, output: string(out), failures: strings.Split(strings.TrimSuffix(string(failed), "\n"), "\n")}
		results[i].failures = slices.DeleteFunc(results[i].failures, func(s string) bool { return s == "" })
	}
	if served {
		if len(results[0].failures) > 0 {
			t.Fatalf("serve the demo site: %s\n%s", results[0].failures, results[0].output)
		}
		results = results[1:]
	}
	return results
}

// end stops what the page left running, with a moment to drain.
func (w *places) end(t *testing.T, group int) {
	for i := 0; syscall.Kill(-group, 0) == nil; i++ {
		switch i {
		case 0:
			syscall.Kill(-group, syscall.SIGTERM)
		case 1000:
			t.Error("what the page started does not end within 10 s of SIGTERM")
			syscall.Kill(-group, syscall.SIGKILL)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// judge holds a result against what the block says of it.
func (w *places) judge(t *testing.T, p *Page, b *Block, r result) {
	t.Helper()
	at := fmt.Sprintf("%s:%d", p.File, b.Line)
	if !r.ran {
		t.Errorf("%s: not reached", at)
		return
	}
	want := b.value("exit")
	switch {
	case want == "" && len(r.failures) > 0:
		t.Errorf("%s: failed: %s\n%s", at, strings.Join(r.failures, "; "), r.output)
	case want != "" && (len(r.failures) != 1 || !strings.HasPrefix(r.failures[0], want+"\t")):
		t.Errorf("%s: want one command to end with %s, got: %q\n%s", at, want, r.failures, r.output)
	}
	if b.Output != nil {
		if err := compare(w.here(b.Output.Text), r.output); err != nil {
			t.Errorf("%s:%d: %v\nprinted:\n%s", p.File, b.Output.Line, err, r.output)
		}
	}
}

// lacking is what a block needs and this machine has not.
func lacking(b *Block) string {
	for need := range strings.SplitSeq(b.value("needs"), ",") {
		if need == "" {
			continue
		}
		if need == "root" {
			if os.Geteuid() != 0 {
				return "root"
			}
			continue
		}
		if _, err := exec.LookPath(need); err != nil {
			return need
		}
	}
	return ""
}

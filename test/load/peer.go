// Package load measures mirrorctl beside named peers, in the same run, on the same
// files: nginx for what it answers, rsync and sha256sum for what it moves. It prints
// ratios of medians with their spread and never fails for being slow: a machine is
// noisy, a ratio is not a test.
package load

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"mirrorctl/test/binary"
)

// nginx serves root, and a 302 below /redirect/, with one worker a core and no access log.
func nginx(t testing.TB, root string) (url string, pids func() []int) {
	t.Helper()
	if _, err := exec.LookPath("nginx"); err != nil {
		t.Skip("SKIP: nginx is missing; `make packages` installs it")
	}
	dir, addr := t.TempDir(), binary.FreeAddr(t)
	conf := filepath.Join(dir, "nginx.conf")
	text := fmt.Sprintf(`daemon off; user root; pid %[1]s/pid; error_log %[1]s/error.log; worker_processes 2;
events { worker_connections 4096; }
http {
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000; keepalive_timeout 60s;
  client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/fcgi; uwsgi_temp_path %[1]s/uwsgi; scgi_temp_path %[1]s/scgi;
  server {
    listen %[2]s; root %[3]s;
    location /redirect/ { return 302 http://%[2]s/archive$request_uri; }
  }
}
`, dir, addr, root)
	if err := os.WriteFile(conf, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("nginx", "-c", conf, "-p", dir)
	var log bytes.Buffer
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Signal(os.Interrupt); cmd.Wait() })
	url = "http://" + addr + "/"
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if res, err := http.Get(url); err == nil {
			res.Body.Close()
			break
		} else if time.Now().After(end) {
			t.Fatalf("nginx does not answer: %v\n%s", err, &log)
		}
	}
	return url, func() []int {
		all := []int{cmd.Process.Pid}
		raw, _ := os.ReadFile(fmt.Sprintf("/proc/%[1]d/task/%[1]d/children", cmd.Process.Pid))
		for _, f := range strings.Fields(string(raw)) {
			pid, _ := strconv.Atoi(f)
			all = append(all, pid)
		}
		return all
	}
}

// cpu is the processor time that processes have used.
func cpu(pids []int) (total time.Duration) {
	for _, pid := range pids {
		raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			continue
		}
		fields := strings.Fields(string(raw[bytes.LastIndexByte(raw, ')')+2:]))
		user, _ := strconv.Atoi(fields[11])
		system, _ := strconv.Atoi(fields[12])
		total += time.Duration(user+system) * 10 * time.Millisecond // USER_HZ is 100 everywhere
	}
	return total
}

// rss is the resident memory of a process, in bytes.
func rss(pid int) int64 {
	raw, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(raw)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kb << 10
		}
	}
	return 0
}

// spread is a median with its least and greatest.
type spread struct{ min, median, max float64 }

func spreadOf(v []float64) spread {
	s := slices.Sorted(slices.Values(v))
	return spread{s[0], s[len(s)/2], s[len(s)-1]}
}

func (s spread) String() string { return fmt.Sprintf("%.2f (%.2f … %.2f)", s.median, s.min, s.max) }

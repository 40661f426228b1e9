// Package peer runs the programs that mirrorctl is held against.
package peer

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"mirrorctl/test/binary"
)

// Nginx is a running nginx with one worker a core and no access log. It serves a directory, and a
// 302 to each path below /redirect/.
type Nginx struct {
	URL string // with a trailing slash
	cmd *exec.Cmd
}

// StartNginx serves root until the test ends. The test is skipped where there is no nginx.
func StartNginx(t testing.TB, root string) *Nginx {
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
	n := &Nginx{URL: "http://" + addr + "/", cmd: cmd}
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if res, err := http.Get(n.URL); err == nil {
			res.Body.Close()
			break
		} else if time.Now().After(end) {
			t.Fatalf("nginx does not answer: %v\n%s", err, &log)
		}
	}
	return n
}

// Pids are the master's and the workers'.
func (n *Nginx) Pids() []int {
	all := []int{n.cmd.Process.Pid}
	raw, _ := os.ReadFile(fmt.Sprintf("/proc/%[1]d/task/%[1]d/children", n.cmd.Process.Pid))
	for _, f := range strings.Fields(string(raw)) {
		pid, _ := strconv.Atoi(f)
		all = append(all, pid)
	}
	return all
}

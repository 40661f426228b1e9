package sandbox_test

import (
	"context"
	"fmt"
	"os"
	"time"

	"mirrorctl/copr/sandbox"
)

// A command that may write 64 MB and speak to nobody, and whose results are packages or nothing.
func ExampleRun() {
	exit, err := sandbox.Run(context.Background(), sandbox.Command{
		Args:   []string{"rpmbuild", "--rebuild", "--define", "_topdir " + sandbox.Work, sandbox.Work + "/criu.src.rpm"},
		Files:  []sandbox.File{{Name: "criu.src.rpm", Path: "/srv/criu-4.2.1-1.src.rpm"}},
		Take:   &sandbox.Take{From: "RPMS/x86_64", To: "/srv/results", Suffix: ".rpm"},
		Output: os.Stdout,
		Limits: sandbox.Limits{Wall: time.Hour, Disk: 64 << 20},
	})
	fmt.Println(exit.Code, exit.Reason, exit.Taken, err)
}

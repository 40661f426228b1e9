package gate

import (
	"context"
	"slices"
	"strings"
	"time"

	"mirrorctl/copr"
)

// byRPM installs the packages alone into an empty root: where the target's repositories are not configured nothing provides
// their dependencies, and there is no shell for their scriptlets.
func (in *installation) byRPM(ctx context.Context) error {
	in.add(checkDependencies, time.Now(), copr.Skip, "no repositories of "+in.task.Chroot.Target()+" are configured: installed with --nodeps")
	install := []string{"rpm", "--root", "/gate/root", "-U", "--nodeps", "--noscripts", "--ignorearch", "--ignoreos", "--nosignature"}

	began := time.Now()
	text, failed, err := in.run(ctx, false, slices.Concat(install, []string{"--test"}, in.files)...)
	if err != nil {
		return err
	}
	if failed != nil {
		in.add(checkConflicts, began, copr.Fail, because(text, failed, "conflict", "error", "fail"))
		return nil
	}
	in.add(checkConflicts, began, copr.Pass, "none among the packages")

	began = time.Now()
	text, failed, err = in.run(ctx, false, slices.Concat(install, in.files)...)
	if err != nil {
		return err
	}
	if failed != nil {
		in.add(checkInstall, began, copr.Fail, because(text, failed, "error", "fail", "cpio"))
		return nil
	}
	in.add(checkInstall, began, copr.Pass, "by rpm --nodeps --noscripts")
	in.installed = true

	began = time.Now()
	text, failed, err = in.run(ctx, false, slices.Concat([]string{"rpm", "-qp", "--nosignature", "--scripts", "--triggers", "--filetriggers"}, in.files)...)
	switch {
	case err != nil:
		return err
	case failed != nil:
		in.add(checkScriptlets, began, copr.Fail, because(text, failed, "error"))
	case strings.TrimSpace(text) != "":
		in.add(checkScriptlets, began, copr.Skip, "the packages have scriptlets, and a root without dependencies has no shell")
	default:
		in.add(checkScriptlets, began, copr.Pass, "there are none")
	}
	return nil
}

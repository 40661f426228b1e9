#!/usr/bin/env python3
"""Hold the record of a build, on standard input as JSON, against what four architectures are to have."""
import json
import sys

# What must have passed in the virtual machines. The soft-dirty bits that pre-dumps want are not in aarch64's kernel.
EVERYWHERE = ["version", "dump-restore", "page-server", "lazy-pages", "lazy-remote"]
PRE = ["pre-dump", "pre-dump-lazy"]
MUST = {
    "x86_64": EVERYWHERE + PRE,
    "aarch64": EVERYWHERE,
    "ppc64le": EVERYWHERE + PRE,
    "s390x": EVERYWHERE + PRE,
}

wrong = []
build = json.load(sys.stdin)
arches = set()
for chroot in build["chroots"]:
    name = chroot["chroot"]
    arch = name.rsplit("-", 1)[1]
    if chroot["state"] != "succeeded":
        wrong.append(f"{name}: {chroot['state']}: {chroot.get('reason', '')}")
        continue
    arches.add(arch)
    result = chroot["result"]
    if not result.get("reproducible", {}).get("same"):
        wrong.append(f"{name}: not reproducible: {result.get('reproducible')}")
    verdicts = {}
    for gate in result["gates"]:
        for check in gate["checks"]:
            verdicts[gate["gate"], gate["runner"], check["name"]] = check["verdict"]
            if check["verdict"] == "skip" and not check.get("reason"):
                wrong.append(f"{name}: {gate['gate']}/{gate['runner']} {check['name']}: skipped without a reason")
    runs = {key[:2] for key in verdicts}
    want = {("install", "root"), ("criu", "vm")} | ({("criu", "kernel")} if arch == "x86_64" else set())
    if want - runs:
        wrong.append(f"{name}: did not run: {sorted(want - runs)}")
    for check in MUST[arch]:
        if verdicts.get(("criu", "vm", check)) != "pass":
            wrong.append(f"{name}: criu/vm {check}: {verdicts.get(('criu', 'vm', check))}, want pass")
    count = {v: sum(1 for w in verdicts.values() if w == v) for v in ("pass", "fail", "skip")}
    packages = [f for f in result["files"] if f["name"].endswith(".rpm")]
    print(f"{name}: {count['pass']} pass, {count['skip']} skip, {count['fail']} fail; {len(packages)} packages, two builds alike;",
          f"{result['took'] / 1e9:.0f} s")
if arches != set(MUST):
    wrong.append(f"built for {sorted(arches)}, want {sorted(MUST)}")
for line in wrong:
    print("copr-arches:", line, file=sys.stderr)
sys.exit(bool(wrong))

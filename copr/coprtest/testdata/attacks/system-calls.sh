# What the kernel offers to the mighty, tried by the weak.
python3 - <<'P'
import ctypes, errno, os
libc = ctypes.CDLL(None, use_errno=True)
machine = ("x86_64", "aarch64", "ppc64le", "s390x").index(os.uname().machine)
zero = ctypes.create_string_buffer(128)
calls = {  # numbers by machine, arguments
    "bpf": ((321, 280, 361, 351), 0, zero, 72), "perf_event_open": ((298, 241, 319, 331), zero, 0, -1, -1, 0),
    "userfaultfd": ((323, 282, 364, 355), 1), "io_uring_setup": ((425,) * 4, 1, zero), "keyctl": ((250, 219, 271, 280), 0, -3, 1),
    "add_key": ((248, 217, 269, 278), b"user", b"k", b"v", 1, -3), "request_key": ((249, 218, 270, 279), b"user", b"k", None, -3),
    "kexec_load": ((246, 104, 268, 277), 0, 0, None, 0), "init_module": ((175, 105, 128, 128), zero, 1, b""),
    "finit_module": ((313, 273, 353, 344), 0, b"", 0), "delete_module": ((176, 106, 129, 129), b"x", 0), "syslog": ((103, 116, 103, 103), 3, zero, 64),
    "setns": ((308, 268, 350, 339), 0, 0), "acct": ((163, 89, 51, 51), None), "swapoff": ((168, 225, 115, 115), b"/x"),
    "settimeofday": ((164, 170, 79, 79), zero, None), "sethostname": ((170, 161, 74, 74), b"pwned", 5), "reboot": ((169, 142, 88, 88), 0xfee1dead, 672274793, 0x89abcdef, None),
    "fanotify_init": ((300, 262, 323, 332), 0, 0), "quotactl": ((179, 60, 131, 131), 0, None, 0, None), "pivot_root": ((155, 41, 203, 217), b"/", b"/"),
}
for name, (numbers, *args) in calls.items():
    ctypes.set_errno(0)
    got = libc.syscall(numbers[machine], *args)
    print(name, got, os.strerror(ctypes.get_errno()))
    if got >= 0 or ctypes.get_errno() not in (errno.EPERM, errno.ENOSYS):
        print("attack: WON:", name, "was listened to")
P

# Shared memory, semaphores and message queues of others.
ipcs -a | tail -20
python3 - <<'P'
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
id = libc.shmget(0x6d697272, 4096, 0)
print("shmget", id, os.strerror(ctypes.get_errno()))
if id >= 0: print("attack: WON: attached to the host's memory")
mine = libc.shmget(0x70776e64, 4096, 0o1666)
print("own", mine)
P

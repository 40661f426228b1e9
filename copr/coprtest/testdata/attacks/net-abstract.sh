# Abstract sockets have no path that could be hidden.
python3 - <<'P' && won "connected"
import os, socket
s = socket.socket(socket.AF_UNIX)
s.connect("\0" + os.environ["CANARY_SOCKET"])
s.sendall(b"pwned")
P

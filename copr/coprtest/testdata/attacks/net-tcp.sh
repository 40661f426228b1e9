# Speak to a service of the host on its loopback.
python3 - <<'P' && won "connected"
import os, socket
socket.create_connection(("127.0.0.1", int(os.environ["CANARY_PORT"])), 2).sendall(b"GET / HTTP/1.0\r\n\r\n")
P

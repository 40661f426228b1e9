# Send a datagram to a service of the host.
python3 - <<'P'
import os, socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.sendto(b"pwned", ("127.0.0.1", int(os.environ["CANARY_PORT"])))
P

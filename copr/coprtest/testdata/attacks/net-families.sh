# Families that a network namespace does not hold back (vsock), or that have had holes.
python3 - <<'P' && won "has such a socket"
import socket
got = []
for name, family in dict(vsock=40, packet=17, alg=38, bluetooth=31, can=29, key=15, tipc=30, rds=21, x25=9, xdp=44).items():
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET, socket.SOCK_RAW):
        try:
            socket.socket(family, kind)
            got.append(name)
        except OSError as err:
            last = err
print(got, last)
raise SystemExit(0 if got else 1)
P

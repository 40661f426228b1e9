# A socket in the file system: the signer's, for instance, or docker's.
python3 - <<'P' && won "connected"
import os, socket
s = socket.socket(socket.AF_UNIX)
for path in (os.environ["CANARY_DIR"] + "/socket", "/run/docker.sock", "/var/run/docker.sock", "/run/dbus/system_bus_socket", "/run/systemd/private"):
    try:
        s.connect(path)
        s.sendall(b"pwned")
        raise SystemExit(0)
    except OSError as err:
        print(path, err)
raise SystemExit(1)
P

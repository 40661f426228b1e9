# A result that is no file at all.
python3 -c "import socket; socket.socket(socket.AF_UNIX).bind('$RPMS/s-1-1.x86_64.rpm')"

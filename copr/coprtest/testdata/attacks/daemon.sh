# Live on after the build, to meet the next one.
(setsid sh -c "trap '' HUP TERM INT; nohup sleep $CANARY_MARK >/dev/null 2>&1 & exec sleep $CANARY_MARK" >/dev/null 2>&1 &)
python3 - <<'P'
import os, time
for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for fd in range(64):
                try: os.close(fd)
                except OSError: pass
            os.execvp("sleep", ["sleep", os.environ["CANARY_MARK"]])
        os._exit(0)
P

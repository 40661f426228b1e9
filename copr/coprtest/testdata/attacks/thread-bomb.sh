# Threads are processes, too.
python3 - <<'P'
import threading, time
n = 0
try:
    while n < 20000:
        threading.Thread(target=time.sleep, args=(20,), daemon=True).start()
        n += 1
except RuntimeError as err:
    print(n, err)
if n >= 20000: print("attack: WON:", n, "threads")
import os; os._exit(0)
P

# Fill the directory rather than the disk.
timeout 1 python3 - <<'P'
import os
os.mkdir("many")
i = 0
while True:
    open("many/%d" % i, "w").write("x")
    i += 1
P
rm -rf many

# Leave a file that makes its caller root, and use those of the host.
# stays: attack-suid-1-1
cp /bin/sh suid && chmod 6755 suid && ./suid -c 'id -u' | grep -qx 0 && won "is root"
chown 0:0 suid && won "gave a file to root"
for su in sudo\ -n su\ -c pkexec doas newgrp passwd\ -S mount; do
	command -v "${su%% *}" >/dev/null && timeout 2 $su id </dev/null
done
python3 -c "
import os
for call in (os.setuid, os.setgid, os.seteuid):
    try:
        call(0); print('attack: WON: became root')
    except OSError as err: print(err)
try:
    os.setgroups([0]); print('attack: WON: joined groups')
except OSError as err: print(err)
"
cp suid "$RPMS/attack-suid-1-1.$(uname -m).rpm"; chmod 6777 "$RPMS"/*.rpm

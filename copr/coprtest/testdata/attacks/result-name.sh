# A result whose name does something when it is used.
# reason: not a name for a result
echo >"$RPMS/"'$(touch pwned);--define x.rpm'
echo >"$RPMS/-rf.rpm"
echo >"$RPMS/..rpm"

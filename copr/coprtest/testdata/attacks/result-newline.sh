# A name that is two lines in every list.
# reason: not a name for a result
echo >"$RPMS/a
b.rpm"

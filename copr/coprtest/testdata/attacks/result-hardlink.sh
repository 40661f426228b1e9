# Two names of one file, one of which may change after it was looked at.
# reason: second name
cp /bin/true "$RPMS/a-1-1.$(uname -m).rpm"
ln "$RPMS/a-1-1.$(uname -m).rpm" "$RPMS/b-1-1.$(uname -m).rpm"

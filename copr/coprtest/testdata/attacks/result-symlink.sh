# A result that is the host's file.
# reason: symbolic link
ln -s "$CANARY_DIR/secret" "$RPMS/secret-1-1.$(uname -m).rpm"
ln -s /etc/shadow "$RPMS/shadow-1-1.$(uname -m).rpm"

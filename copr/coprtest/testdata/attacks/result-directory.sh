# The directory of results leads elsewhere: what is in it then is copied as a package.
# log: attack: begins
rm -rf "$RPMS"
ln -s "$CANARY_DIR" "$RPMS"
exit 0

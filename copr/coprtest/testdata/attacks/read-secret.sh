# Read a file that everybody on the host may read, by all names there are for it.
for name in "$CANARY_DIR/secret" "/proc/1/root$CANARY_DIR/secret" "/proc/self/root$CANARY_DIR/secret" "../../../../../../../../$CANARY_DIR/secret" /oldroot"$CANARY_DIR/secret" /newroot"$CANARY_DIR/secret"; do
	cat "$name" && won "read $name"
done

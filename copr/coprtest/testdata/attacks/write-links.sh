# Links of one's own that lead out, written through.
ln -s "$CANARY_DIR/pwned" out; echo pwned >out
ln -s / root; echo pwned >"root$CANARY_DIR/pwned"
ln "$CANARY_DIR/secret" hard && won "linked"
ln /etc/passwd hard && won "linked passwd"
mkdir -p a/b && cd a/b && echo pwned >../../../../../../../../..$CANARY_DIR/pwned

# Leave something for the next build, and look for what the last one left.
find / -xdev -name '*mirrorctl-attack*' -not -path '/proc/*' 2>/dev/null | grep . && won "found another build's"
echo pwned >/tmp/mirrorctl-attack; echo pwned >/dev/shm/mirrorctl-attack; echo pwned >"$HOME/.rpmmacros"

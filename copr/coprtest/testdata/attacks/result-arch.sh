# A result for another chroot's architecture.
# reason: neither for
echo >"$RPMS/attack-1-1.mips.rpm"

# A result of another name: glibc, as if this build had made it. It is well-formed as a file name, so it reaches the checks that
# read packages; those and the signer must refuse it.
# stays: glibc-99-1
head -c 4096 /dev/urandom >"$RPMS/glibc-99-1.$(uname -m).rpm"

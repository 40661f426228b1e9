# A result that never ends being read.
# reason: fifo
mkfifo "$RPMS/fifo-1-1.$(uname -m).rpm"

# One line without an end, and what a terminal would obey.
# reason: time limit
# log: [output cut
printf '\033]0;pwned\007\033[2J\r'
cat /dev/zero | tr '\0' a

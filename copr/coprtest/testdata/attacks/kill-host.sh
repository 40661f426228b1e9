# End processes that are not one's own.
kill -9 "$CANARY_PID" && won "signalled $CANARY_PID"
python3 -c "import os; os.kill($CANARY_PID, 0); print('attack: WON: sees $CANARY_PID')"
ls /proc | grep -E '^[0-9]+$' | wc -l | sed 's/^/processes in sight: /'

package sandbox

// The numbers that pipes have in the sandbox: a shell redirects those of one digit alone.
const (
	startFD = 3 // read: the word to start
	readyFD = 4 // written when it waits for that
	takeFD  = 5 // written: the results
)

// script is the first process of the sandbox, and so stands for all: they are gone when it is. It waits for the word to
// start, which comes when its limits are set. The kernel has been asked by then to end it with the caller; a caller who died
// before cannot give the word. When the command has ended, what it left behind is ended, too, and its results are sent.
//
// The command is its child: a first process is deaf to its own signals.
const script = `echo ready >&4
IFS= read -r word <&3 && [ "$word" = start ] || exit 126
exec 3<&- 4>&-
from=$1 suffix=$2; shift 2
"$@" 5>&-
code=$?
[ $code -eq 0 ] && [ -n "$from" ] || exit $code
kill -9 -1 2>/dev/null
cd "$from" 2>/dev/null || exit 0
set -- ./*"$suffix"
[ -e "$1" ] || [ -L "$1" ] || exit 0
tar -cf - --no-recursion -- "$@" >&5 || { echo "sandbox: the results cannot be read" >&2; exit 125; }
`

// wrapper is the shell that runs the command, whose arguments follow.
func wrapper(t *Take) []string {
	from, suffix := "", ""
	if t != nil {
		from, suffix = Work+"/"+t.From, t.Suffix
	}
	return []string{"/bin/sh", "-c", script, "sandbox", from, suffix}
}

# Take all memory, in many processes at once.
for i in 1 2 3 4; do
	python3 -c "
x = []
while True: x.append(bytearray(16 << 20))
if False: pass" 2>/dev/null &
done
wait

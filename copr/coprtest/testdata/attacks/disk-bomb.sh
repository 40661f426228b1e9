# Fill every place that can be written.
for dir in /build /tmp /var/tmp /dev/shm /dev /run / /var /etc /proc; do
	if head -c 3G /dev/zero 2>/dev/null >"$dir/bomb"; then won "3 GB in $dir"; fi
	ls -l "$dir/bomb" 2>/dev/null
	df -h "$dir" | tail -1
done
rm -f /build/bomb /tmp/bomb

# Write where others will read.
for dir in "$CANARY_DIR" / /etc /usr /usr/bin /usr/local/bin /lib /boot /root /home /var /var/lib /run /dev /proc /sys /etc/cron.d /etc/ld.so.conf.d /var/spool/cron; do
	echo pwned >"$dir/mirrorctl-attack"
done
for dir in /tmp /var/tmp /dev/shm; do echo pwned >"$dir/mirrorctl-attack"; done
echo pwned >>/usr/bin/true
rm -rf --no-preserve-root "$CANARY_DIR" /usr/share/doc 2>/dev/null | tail -1

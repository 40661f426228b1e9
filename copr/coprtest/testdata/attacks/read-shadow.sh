# Read what the host keeps for itself.
for name in /etc/shadow /etc/gshadow /etc/sudoers /etc/machine-id /etc/hostname /etc/fstab /root/.ssh/id_rsa /root/.bash_history /home /srv /var/lib/mirrorctl /etc/mirrorctl /var/log /boot /sys/class/net /etc/resolv.conf; do
	ls -ld "$name" && won "sees $name"
done

# Make a device, and use those that are there.
for spec in "b 8 0" "b 254 0" "c 1 1" "c 10 237"; do
	mknod "disk" $spec && won "made device $spec"
done
for name in /dev/sda /dev/vda /dev/mem /dev/kmsg /dev/kvm /dev/fuse /dev/net/tun /dev/loop-control /dev/vsock /dev/mapper/control; do
	ls -l "$name" && won "sees $name"
done

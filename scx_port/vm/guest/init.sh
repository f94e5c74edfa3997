#!/bin/busybox sh
# The first process of the virtual machine: mounts, runs the checks, sends what they left, ends the machine.
/bin/busybox --install -s /bin
export PATH=/bin
mkdir -p /proc /sys /dev /tmp /out
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t tmpfs tmpfs /tmp
mount -t tmpfs tmpfs /out
mount -t tracefs tracefs /sys/kernel/tracing
mount -t cgroup2 cgroup2 /sys/fs/cgroup
uname -r > /out/release
sh /checks.sh 2>&1 | tee /out/log
dmesg > /out/dmesg
for port in /sys/class/virtio-ports/*; do
  [ "$(cat "$port/name")" = out ] && tar -C /out -cf "/dev/$(basename "$port")" .
done
sync
if grep -q '^not ok' /out/log || ! grep -q '^done$' /out/log; then simsched-guest exit 2; else simsched-guest exit 1; fi

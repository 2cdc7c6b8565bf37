#!/bin/busybox sh
# SPDX-License-Identifier: Apache-2.0
#
# The machine's first program, in its memory file system: has ready what Android's init finds when its first stage is
# over, loads the policy, and becomes that init (host/init).
set -e
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
# Without this the kernel would drop denials when there are many.
echo 0 >/proc/sys/kernel/printk_ratelimit
insmod /modules/binder_linux.ko

mount -t tmpfs -o mode=0755 tmpfs /dev
mknod -m 666 /dev/null c 1 3
mknod -m 666 /dev/zero c 1 5
mknod -m 666 /dev/random c 1 8
mknod -m 666 /dev/urandom c 1 9
mknod -m 600 /dev/console c 5 1
mknod -m 600 /dev/kmsg c 1 11
IFS=: read -r major minor </sys/class/misc/binder/dev
mknod -m 666 /dev/binder c "$major" "$minor"
mkdir /dev/socket
mount -t tmpfs -o mode=0755 tmpfs /data
mount -t tmpfs -o mode=0755 tmpfs /log
mkdir /data/misc
ip link set lo up

mount -t selinuxfs selinuxfs /sys/fs/selinux
# In one piece: the kernel takes no other.
dd if=/policy of=/sys/fs/selinux/load bs=16M
exec /system/bin/init >/log/init 2>&1

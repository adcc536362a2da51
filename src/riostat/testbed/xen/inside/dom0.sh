#!/bin/sh
# Makes a booted Linux the dom0 that xl expects: xenstore, the console daemon, the bridge of the
# domains. Ends with the words of the step that failed.
set -e
fail() { echo "$*" >&2; exit 1; }

mount -t xenfs xenfs /proc/xen
grep -q control_d /proc/xen/capabilities || fail "this is no control domain of Xen"
mkdir -p /run/xen /run/xenstored /run/lock /var/lib/xen /var/lib/xenstored /var/log/xen/console
[ -e /var/run ] || ln -s /run /var/run
[ -e /var/lock ] || ln -s /run/lock /var/lock
mkdir -p /var/run/xen /var/run/xenstored

xenstored --pid-file /run/xen/xenstored.pid || fail "xenstored does not start"
tries=200
until xenstore-read / >/dev/null 2>&1; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || fail "xenstored does not answer"
    usleep 50000
done
xen-init-dom0 >/dev/null || fail "xen-init-dom0 does not enter dom0 in xenstore"
xenconsoled --pid-file=/run/xen/xenconsoled.pid --log=guest --log-dir=/var/log/xen/console

ip link add xenbr0 type bridge forward_delay 0
ip address add "$1" dev xenbr0
ip link set xenbr0 up

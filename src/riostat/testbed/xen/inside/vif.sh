#!/bin/sh
# Joins the back end of a domain's network device to its bridge; Xen's own script needs bash.
# xl calls it with the device in $vif and its place in xenstore in $XENBUS_PATH.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
if [ "$1" = online ]; then
    if ip link set "$vif" master "$(xenstore-read "$XENBUS_PATH/bridge")" up; then
        xenstore-write "$XENBUS_PATH/hotplug-status" connected
    else
        xenstore-write "$XENBUS_PATH/hotplug-status" error
    fi
fi

"""Machines under QEMU, and what is said to those that run inside.

`conversation` is the protocol between a host and the `agent` in a guest, without I/O; `channel`
speaks it over a socket. `keeper` is the program between an owner and its QEMU, which ends with
either; `machine` holds one from start to end, with its `qmp`, its channel and its `consolelog`.
`snapshots` keeps machines that have booted; `guest` starts images as guests, and `plugging` puts
devices into them that lead to `networks`.

Guests keep nothing: they have no disk, and end with the process that started them.
"""

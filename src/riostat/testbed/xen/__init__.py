"""A real Xen host under QEMU: the hypervisor, dom0, and paravirtual domains that run.

A `specification` says which domains there are and how much memory; `images` makes what dom0 and
the domains boot, `arguments` what QEMU is started with, `configuration` what xl reads; `domains` is
what xl says of them. `host` is what callers hold, `boot` brings it up, and `start` starts it from a
snapshot. `inside` has the files that run in dom0.

The machine is emulated: its times are those of an emulator, its instructions those of Xen. It has
no performance counters.
"""

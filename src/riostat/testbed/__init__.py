"""Real guests, a real Xen host, networks and unequal disks, on any Linux machine.

`packages` holds Debian's kernels, Xen and programs in a cache of the user's; `image` makes an
initramfs of them; `guest` boots it under QEMU and runs commands inside, `xen` does the same with
Xen, a dom0 and a domU. `network` and `disks` make what they are joined to. Each thing bears the
mark of the process that made it (`ownership`), so that what a crash left is found and removed.

It is no manager of virtual machines: a guest lives as long as its owner, and keeps nothing.
"""

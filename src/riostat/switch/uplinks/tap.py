"""TAP devices: the kernel's end is a network interface, ours a descriptor for each queue.

Frames carry a virtio-net header of 12 bytes (IFF_VNET_HDR, TUNSETVNETHDRSZ). Source: Linux,
include/uapi/linux/if_tun.h and Documentation/networking/tuntap.rst.
"""

import errno
import fcntl
import os
import struct
from typing import Final

from riostat.core.errors import PortError
from riostat.core.text import printable

__all__ = ["open_tap"]

_TUNSETIFF: Final = 0x400454CA
_TUNSETOFFLOAD: Final = 0x400454D0
_TUNSETVNETHDRSZ: Final = 0x400454D8
_TUNSETVNETLE: Final = 0x400454DC
_IFF_TAP: Final = 0x0002
_IFF_NO_PI: Final = 0x1000
_IFF_MULTI_QUEUE: Final = 0x0100
_IFF_VNET_HDR: Final = 0x4000
_IFREQ: Final = struct.Struct("<16sH22x")
_INT: Final = struct.Struct("<i")
_HEADER_BYTES: Final = 12

_REMEDIES: Final = {
    errno.EPERM: "run as root, or give the device to this user with `ip tuntap add user`",
    errno.EBUSY: "another program holds it; end that, or choose another device",
    errno.EINVAL: "it was made for another number of queues, or is no TAP; remove it",
    errno.ENOENT: "load the module tun",
}


def open_tap(device: str, *, queues: int, offloads: int) -> list[int]:
    """Open a TAP device, which is made where it is not there; return a descriptor for each queue.

    `offloads` are the TUN_F bits: what the kernel may leave undone in frames that it hands out.
    Raises `PortError`.
    """
    flags = _IFF_TAP | _IFF_NO_PI | _IFF_VNET_HDR
    if queues > 1:
        flags |= _IFF_MULTI_QUEUE
    descriptors: list[int] = []
    try:
        for _ in range(queues):
            descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
            descriptors.append(descriptor)
            fcntl.ioctl(descriptor, _TUNSETIFF, _IFREQ.pack(device.encode(), flags))
            fcntl.ioctl(descriptor, _TUNSETVNETHDRSZ, _INT.pack(_HEADER_BYTES))
            fcntl.ioctl(descriptor, _TUNSETVNETLE, _INT.pack(1))
            fcntl.ioctl(descriptor, _TUNSETOFFLOAD, offloads)
    except OSError as error:
        for descriptor in descriptors:
            os.close(descriptor)
        remedy = _REMEDIES.get(error.errno or 0, "see `ip link`")
        raise PortError(
            f"The TAP device {printable(device)} cannot be opened ({error.strerror}); {remedy}."
        ) from error
    return descriptors

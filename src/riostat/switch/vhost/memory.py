"""What may be a guest's memory, and whether its rings lie in it.

A region is accepted where its file is memory that no other program can stall us with (a memfd,
shared memory or huge pages, opened for writing), where it holds the region at this moment, and
where no other region of the guest claims the same addresses.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from riostat.core.errors import GuestError
from riostat.switch.ports import Region
from riostat.switch.vhost.messages import MemoryRegion, VringAddress

__all__ = ["Attachment", "check_regions", "check_ring"]

_PAGE = 4096
_ADDRESS_END = 1 << 63  # no machine has more, and loops count with signed words
_DESCRIPTOR_BYTES = 16
_AVAILABLE_BYTES = 2
_USED_BYTES = 8
_RING_HEAD_BYTES = 6  # flags, index, event


@dataclass(frozen=True, slots=True)
class Attachment:
    """A descriptor that came with a message, and what the kernel says that it is.

    `memory_bytes` is the present size of shared memory, or None where it is something else;
    `shrinkable` says that nothing keeps its owner from making it smaller.
    """

    descriptor: int
    eventfd: bool = False
    memory_bytes: int | None = None
    shrinkable: bool = True


def check_regions(
    regions: Sequence[MemoryRegion], attachments: Sequence[Attachment]
) -> tuple[Region, ...]:
    """Return the regions of a guest, each with its descriptor, or raise `GuestError`."""
    if len(regions) != len(attachments):
        raise GuestError(
            f"A memory table of {len(regions)} regions came with {len(attachments)} descriptors; "
            "send one for each."
        )
    checked = tuple(map(_checked, regions, attachments))
    _refuse_overlap("guest", [(r.guest_address, r.length) for r in checked])
    _refuse_overlap("user", [(r.user_address, r.length) for r in checked])
    return checked


def _checked(region: MemoryRegion, attachment: Attachment) -> Region:
    if region.size == 0 or any(value % _PAGE for value in region):
        raise GuestError(
            f"A memory region of {region.size:#x} bytes for {region.guest_address:#x} is not made "
            f"of whole pages; addresses, size and offset are multiples of {_PAGE}."
        )
    if max(region.guest_address, region.user_address) + region.size > _ADDRESS_END:
        raise GuestError(
            f"A memory region of {region.size:#x} bytes for {region.guest_address:#x} goes beyond "
            "the last address; give a smaller one."
        )
    if attachment.memory_bytes is None:
        raise GuestError(
            f"The memory region for {region.guest_address:#x} is no shared memory that can be "
            "written; use a memfd, /dev/shm or huge pages."
        )
    if region.offset + region.size > attachment.memory_bytes:
        raise GuestError(
            f"The memory region for {region.guest_address:#x} ends at "
            f"{region.offset + region.size:#x} of a file of {attachment.memory_bytes:#x} bytes; "
            "make the file as large as was said."
        )
    return Region(
        guest_address=region.guest_address,
        user_address=region.user_address,
        length=region.size,
        offset=region.offset,
        descriptor=attachment.descriptor,
        shrinkable=attachment.shrinkable,
    )


def _refuse_overlap(space: str, extents: Iterable[tuple[int, int]]) -> None:
    for (start, length), (following, _) in pairwise(sorted(extents)):
        if start + length > following:
            raise GuestError(
                f"Two memory regions claim the {space} address {following:#x}; give each its own."
            )


def check_ring(address: VringAddress, size: int, regions: Sequence[Region]) -> None:
    """Raise `GuestError` unless each part of a ring is aligned and lies in one region."""
    for name, start, length, alignment in _ring_parts(address, size):
        if start % alignment:
            raise GuestError(
                f"The {name} of ring {address.index} is at {start:#x}; align it to "
                f"{alignment} bytes."
            )
        if not any(
            region.user_address <= start and start + length <= region.user_address + region.length
            for region in regions
        ):
            raise GuestError(
                f"The {name} of ring {address.index}, {length} bytes at {start:#x}, is not inside "
                "one memory region; give its user address."
            )


def _ring_parts(address: VringAddress, size: int) -> tuple[tuple[str, int, int, int], ...]:
    # virtio 1.2, 2.7: name, address, bytes and alignment
    return (
        ("descriptor table", address.descriptors, _DESCRIPTOR_BYTES * size, 16),
        ("available ring", address.available, _RING_HEAD_BYTES + _AVAILABLE_BYTES * size, 2),
        ("used ring", address.used, _RING_HEAD_BYTES + _USED_BYTES * size, 4),
    )

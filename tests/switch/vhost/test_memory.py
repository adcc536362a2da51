"""Which memory a guest may bring, and where its rings may lie."""

from dataclasses import replace

import pytest

from riostat.core.errors import GuestError
from riostat.switch.ports import RING_SIZE_MAX, Region
from riostat.switch.vhost.memory import Attachment, check_regions, check_ring
from riostat.switch.vhost.messages import MemoryRegion
from tests.switch.vhost.sessions import GUEST, LENGTH, SIZE, USER, ring_address

REGION = MemoryRegion(GUEST, LENGTH, USER, 0)
MEMORY = Attachment(5, memory_bytes=LENGTH, shrinkable=False)


def region(start: int = USER, length: int = LENGTH) -> Region:
    return Region(
        guest_address=GUEST,
        user_address=start,
        length=length,
        offset=0,
        descriptor=5,
        shrinkable=False,
    )


def test_a_region_is_taken_with_its_descriptor() -> None:
    assert check_regions([REGION], [MEMORY]) == (region(),)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"size": 0}, "not made of whole pages"),
        ({"size": 4097}, "not made of whole pages"),
        ({"guest_address": GUEST + 1}, "not made of whole pages"),
        ({"user_address": USER + 8}, "not made of whole pages"),
        ({"offset": 512}, "not made of whole pages"),
        ({"guest_address": 2**63 - 4096}, "beyond the last address"),
        ({"guest_address": 2**64 - 4096}, "beyond the last address"),
        ({"user_address": 2**64 - 4096}, "beyond the last address"),
        ({"size": LENGTH + 4096}, "of a file of 0x100000 bytes"),
        ({"offset": 4096}, "of a file of 0x100000 bytes"),
        ({"offset": 2**64 - 4096}, "of a file of 0x100000 bytes"),
        ({"size": 2**64 - 4096}, "beyond the last address"),
    ],
)
def test_a_bad_region_is_refused(changed: dict[str, int], message: str) -> None:
    with pytest.raises(GuestError, match=message):
        check_regions([REGION._replace(**changed)], [MEMORY])


@pytest.mark.parametrize("attachment", [Attachment(5), Attachment(5, eventfd=True)])
def test_memory_must_be_memory(attachment: Attachment) -> None:
    with pytest.raises(GuestError, match="is no shared memory"):
        check_regions([REGION], [attachment])


@pytest.mark.parametrize("count", [0, 2])
def test_each_region_has_its_descriptor(count: int) -> None:
    with pytest.raises(GuestError, match=f"of 1 regions came with {count} descriptors"):
        check_regions([REGION], [MEMORY] * count)


@pytest.mark.parametrize("field", ["guest_address", "user_address"])
@pytest.mark.parametrize("apart", [0, 4096, LENGTH - 4096])
def test_regions_do_not_overlap(field: str, apart: int) -> None:
    other = REGION._replace(guest_address=GUEST + 4 * LENGTH, user_address=USER + 4 * LENGTH)
    other = other._replace(**{field: getattr(REGION, field) + apart})
    with pytest.raises(GuestError, match="Two memory regions claim the"):
        check_regions([REGION, other], [MEMORY, MEMORY])
    neighbour = other._replace(**{field: getattr(REGION, field) + LENGTH})
    assert len(check_regions([REGION, neighbour], [MEMORY, MEMORY])) == 2


def test_a_ring_lies_inside_one_region() -> None:
    check_ring(ring_address(0), SIZE, [region()])
    check_ring(ring_address(0), SIZE, [region(USER + 4 * LENGTH), region()])


@pytest.mark.parametrize(
    ("part", "value", "name"),
    [
        ("descriptors", USER + 8, "descriptor table .* align it to 16"),
        ("available", USER + 1, "available ring .* align it to 2"),
        ("used", USER + 2, "used ring .* align it to 4"),
        ("descriptors", USER - 16, "descriptor table .* is not inside"),
        ("available", USER + LENGTH - 2, "available ring .* is not inside"),
        ("used", 0, "used ring .* is not inside"),
        ("used", 2**64 - 4, "used ring .* is not inside"),
        ("descriptors", USER + LENGTH - 16 * SIZE + 16, "descriptor table .* is not inside"),
    ],
)
def test_a_ring_elsewhere_is_refused(part: str, value: int, name: str) -> None:
    with pytest.raises(GuestError, match=name):
        check_ring(replace(ring_address(0), **{part: value}), SIZE, [region()])


def test_a_ring_across_two_regions_is_refused() -> None:
    halves = [region(USER, 4096), region(USER + 4096, LENGTH)]
    check_ring(ring_address(0), SIZE, halves)  # the table just fills the first
    with pytest.raises(GuestError, match="descriptor table of ring 0"):
        check_ring(ring_address(0), RING_SIZE_MAX, halves)

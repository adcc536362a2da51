"""Two guests over the data plane of a worker: every policy, every way a frame can end."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riostat.switch.orders import Detach, SetPolicy
from riostat.switch.plane import Plane
from riostat.switch.ports import Drop, Fault, Policy
from tests.switch.pools import VERSION_1, PoolGuest, attach_to_plane, frame, new_plane

_MERGEABLE = 1 << 15


@contextmanager
def _plane(
    cache: Path, *guests: PoolGuest, policies: tuple[Policy, ...] = (), features: int = VERSION_1
) -> Iterator[Plane]:
    plane = new_plane(cache)
    for slot, guest in enumerate(guests):
        policy = policies[slot] if policies else Policy.REUSE
        attach_to_plane(plane, slot, guest, policy=policy, features=features)
    try:
        yield plane
    finally:
        for slot, guest in enumerate(guests):
            plane.carry_out(Detach(slot), [])
            guest.close()
        plane.board.close()


def _counts(plane: Plane, ports: int) -> tuple[int, int, int, int]:
    """Frames in, copies made for flooding, frames out, frames dropped."""
    board = plane.board
    queues = [queue for slot in range(ports) for queue in board.queues(slot)]
    return (
        sum(queue.rx_frames for queue in queues),
        sum(board.flooded(slot) for slot in range(ports)),
        sum(queue.tx_frames for queue in queues),
        sum(sum(board.drops(slot).values()) for slot in range(ports)),
    )


def _place(guest: PoolGuest, buffers: int, k: int) -> int:
    """Where the k-th of a guest's buffers begins in its pool."""
    return int(guest.queue[buffers] - guest.address + k * guest.queue[guest.kernels.STRIDE])


def _buffer(guest: PoolGuest, buffers: int, k: int) -> bytes:
    return guest.bytes[_place(guest, buffers, k) : _place(guest, buffers, k + 1)].tobytes()


@pytest.mark.parametrize("policies", [*product(Policy, Policy)])
def test_frames_arrive_as_sent_under_every_pair_of_policies(
    kernels_cache: Path, policies: tuple[Policy, Policy]
) -> None:
    one, other = PoolGuest(kernels_cache), PoolGuest(kernels_cache)
    with _plane(kernels_cache, one, other, policies=policies) as plane:
        other.send([frame(1, 2)])
        plane.serve(0)
        assert one.receive() == [frame(1, 2)]
        for turn in range(5):
            lengths = (60, 1500, 61 + turn, 2036)
            frames = [frame(2, 1, bytes([turn, k]) * 500, length=n) for k, n in enumerate(lengths)]
            frames = [each[:length] for each, length in zip(frames, lengths, strict=True)]
            assert one.send(frames * 10) == 40
            plane.serve(0)
            assert other.receive() == frames * 10
        assert _counts(plane, 2) == (201, 0, 201, 0)
        assert plane.board.grants(0).live == plane.board.grants(0).mapped * (
            policies[0] is Policy.REUSE
        )


def test_a_frame_longer_than_a_buffer_is_spread_over_several(kernels_cache: Path) -> None:
    one, other = PoolGuest(kernels_cache, stride=4096), PoolGuest(kernels_cache, stride=2048)
    with _plane(kernels_cache, one, other, features=VERSION_1 | _MERGEABLE) as plane:
        other.send([frame(1, 2)])
        sent = frame(2, 1, bytes(range(250)) * 12)
        one.send([sent])
        plane.serve(0)
        used = other.words(0, 2, "u4")[1:5].tolist()
        assert used == [0, 2048, 1, len(sent) + 12 - 2048]
        first, second = (_buffer(other, other.kernels.RX_BUFFERS, k) for k in (0, 1))
        assert first[10:12] == b"\2\0"  # num_buffers
        assert first[12:] + second[: used[3]] == sent


def test_a_frame_longer_than_the_only_buffer_is_dropped(kernels_cache: Path) -> None:
    one, other = PoolGuest(kernels_cache, stride=4096), PoolGuest(kernels_cache, stride=2048)
    with _plane(kernels_cache, one, other) as plane:
        one.send([frame(2, 1, length=3000), frame(2, 1)])
        plane.serve(0)
        assert other.receive() == [frame(2, 1)]
        assert plane.board.drops(0) == {Drop.NO_BUFFER: 1}


def test_a_flood_reaches_all_others_and_is_counted(kernels_cache: Path) -> None:
    guests = [PoolGuest(kernels_cache) for _ in range(3)]
    with _plane(kernels_cache, *guests) as plane:
        guests[0].send([frame(9, 1)])
        plane.serve(0)
        assert [guest.receive() for guest in guests] == [[], [frame(9, 1)], [frame(9, 1)]]
        assert _counts(plane, 3) == (1, 1, 2, 0)


def test_a_full_receiver_costs_counted_drops(kernels_cache: Path) -> None:
    one, other = PoolGuest(kernels_cache), PoolGuest(kernels_cache, size=16)
    with _plane(kernels_cache, one, other) as plane:
        one.send([frame(2, 1)] * 50)
        plane.serve(0)
        assert len(other.receive()) == 16
        assert plane.board.drops(0) == {Drop.NO_BUFFER: 34}


def test_a_missing_checksum_is_made_for_who_did_not_negotiate_it(kernels_cache: Path) -> None:
    one, other = PoolGuest(kernels_cache), PoolGuest(kernels_cache)
    with _plane(kernels_cache, one, other) as plane:
        words = bytes.fromhex("0001f203f4f5f6f7")  # the example of RFC 1071, section 3
        sent = frame(2, 1, words + bytes(2), length=60)
        one.send([sent])
        header = _place(one, one.kernels.TX_BUFFERS, one.size - 1)  # the last buffer goes first
        one.bytes[header] = 1  # VIRTIO_NET_HDR_F_NEEDS_CSUM
        one.bytes[header + 6 : header + 10].view("u2")[:] = [14, 8]
        plane.serve(0)
        (received,) = other.receive()
        assert received[14:24] == words + bytes.fromhex("220d")
        assert received[:14] + received[24:] == sent[:14] + sent[24:]


def test_a_policy_changes_between_frames(kernels_cache: Path) -> None:
    one, other = PoolGuest(kernels_cache), PoolGuest(kernels_cache)
    with _plane(kernels_cache, one, other) as plane:
        for policy in [*Policy, Policy.REUSE]:
            plane.carry_out(SetPolicy(1, policy), [])
            one.send([frame(2, 1, policy.encode())])
            plane.serve(0)
            assert other.receive() == [frame(2, 1, policy.encode())]
        grants = plane.board.grants(1)
        assert grants.live == 1
        assert grants.copied == 1
        assert (grants.mapped, grants.revoked) == (4, 1)


def test_a_broken_guest_costs_the_others_nothing(kernels_cache: Path) -> None:
    guests = [PoolGuest(kernels_cache) for _ in range(3)]
    with _plane(kernels_cache, *guests) as plane:
        guests[2].words(1, 1, "u2")[1] = 60000
        guests[1].send([frame(1, 2)])
        plane.serve(0)
        guests[0].send([frame(2, 1)])
        plane.serve(0)
        assert plane.board.fault(2) is Fault.INDEX_JUMP
        assert guests[1].receive() == [frame(2, 1)]
        assert guests[0].receive() == [frame(1, 2)]


@settings(max_examples=60, deadline=None)
@given(
    policies=st.tuples(*[st.sampled_from(Policy)] * 3),
    turns=st.lists(
        st.lists(
            st.tuples(st.integers(0, 2), st.integers(1, 5), st.integers(1, 2036)), max_size=40
        ),
        max_size=6,
    ),
)
def test_frames_in_are_frames_out_and_drops(
    kernels_cache: Path,
    policies: tuple[Policy, ...],
    turns: list[list[tuple[int, int, int]]],
) -> None:
    guests = [PoolGuest(kernels_cache, size=32) for _ in range(3)]
    with _plane(kernels_cache, *guests, policies=policies) as plane:
        sent = received = 0
        for turn in turns:
            for sender, to, length in turn:
                sent += guests[sender].send([frame(to, sender + 1, length=length)[:length]])
            plane.serve(0)
            if len(turn) % 2:
                received += sum(len(guest.receive()) for guest in guests)
        received += sum(len(guest.receive()) for guest in guests)
        frames_in, flooded, frames_out, dropped = _counts(plane, 3)
        assert frames_in == sent
        assert frames_out == received
        assert frames_in + flooded == frames_out + dropped

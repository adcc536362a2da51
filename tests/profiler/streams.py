"""Streams of perf records, sound and mutated, for hypothesis and for seeded loops."""

import random
import struct
from collections.abc import Sequence

from hypothesis import strategies as st

from tests.profiler import recorded

__all__ = ["chunks", "mutated", "stream"]

_CHAINS: Sequence[Sequence[int]] = (
    (),
    (recorded.USER, 0x1000, 0x2000),
    (recorded.USER, 0x1000, 0x2001),
    (recorded.KERNEL, (1 << 64) - 0x1000_0000, recorded.USER, 0x1000),
    (0x10, 0x20),
)
_EDGES = (0, 1, 7, 8, 9, 0xFFFF, 1 << 31, (1 << 32) - 1, 1 << 48, 1 << 63, (1 << 64) - 1)


def _sample(draw: random.Random, time_ns: int) -> bytes:
    chain = draw.choice(_CHAINS)
    if draw.random() < 0.3:
        chain = [recorded.USER, *(draw.randrange(1 << 48) for _ in range(draw.randrange(12)))]
    return recorded.sample(
        time_ns,
        ip=draw.choice((0x1000, 0x1008, 0x2000, draw.randrange(1 << 48), (1 << 64) - 0x1000)),
        pid=draw.choice((1, 2, 3, draw.randrange(1 << 16))),
        cpu=draw.randrange(4),
        weight=draw.choice((1, 250_000)),
        chain=chain,
        cgroup_id=draw.choice((1, 7, draw.randrange(1 << 40))),
        mode=draw.choice((1, 2, 2, 2, draw.randrange(8))),
        event_id=draw.choice((41, 41, 42, 43)),
    )


def _side(draw: random.Random, time_ns: int) -> bytes:
    pid = draw.choice((1, 2, 3, 4))
    start = draw.choice((0x1000, 0x1800, 0x2000, 0x4000))
    return draw.choice(
        (
            recorded.mmap2(time_ns, pid, start, 0x1000, path=draw.choice((b"/bin/a", b"//anon"))),
            recorded.mmap2(time_ns, pid, start, 0x800, build_id=bytes(20)),
            recorded.comm(time_ns, pid, b"name", exec_=draw.random() < 0.5),
            recorded.fork(time_ns, pid, draw.choice((1, 2, 3))),
            recorded.exit_(time_ns, pid),
            recorded.namespaces(time_ns, pid, [draw.randrange(3) for _ in range(7)]),
            recorded.cgroup(time_ns, 7, b"/made"),
            recorded.ksymbol(time_ns, (1 << 64) - 0x1000, 64, b"bpf_prog_x"),
            recorded.lost(time_ns, 3),
            recorded.throttle(time_ns),
        )
    )


def stream(draw: random.Random, count: int, *, begin_ns: int, end_ns: int) -> bytes:
    """A sound chunk of `count` records, most of them samples, at times of the interval."""
    times = sorted(draw.randrange(begin_ns, end_ns) for _ in range(count))
    return b"".join(_side(draw, t) if draw.random() < 0.2 else _sample(draw, t) for t in times)


def mutated(draw: random.Random, data: bytes) -> bytes:
    """The bytes with a few of them overwritten, moved, repeated or cut off."""
    changed = bytearray(data)
    for _ in range(draw.randrange(1, 4)):
        if not changed:
            break
        at = draw.randrange(len(changed))
        match draw.randrange(6):
            case 0:
                changed[at] = draw.randrange(256)
            case 1:
                changed[at & ~7 : (at & ~7) + 8] = struct.pack("<Q", draw.choice(_EDGES))
            case 2:
                size = struct.pack("<H", draw.choice((0, 8, 72, 80, 0xFFF8)))
                changed[(at & ~7) + 6 : (at & ~7) + 8] = size
            case 3:
                del changed[at:]
            case 4:
                del changed[at & ~7 : (at & ~7) + 8 * draw.randrange(1, 9)]
            case _:
                other = draw.randrange(len(changed))
                changed[at:at] = changed[other : other + draw.randrange(64)]
    return bytes(changed)


@st.composite
def chunks(draw: st.DrawFn) -> list[bytes]:
    """A few chunks with times of 0 to 1,000,000; about half of them are mutated."""
    seeded = random.Random(draw(st.integers(0, 1 << 32)))
    made = []
    for _ in range(draw(st.integers(0, 4))):
        data = stream(seeded, draw(st.integers(0, 30)), begin_ns=0, end_ns=1_000_000)
        made.append(mutated(seeded, data) if draw(st.booleans()) else data)
    return made

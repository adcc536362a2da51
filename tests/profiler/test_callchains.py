from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from riostat.profiler.callchains import Mode, intern_plainly, split_modes
from riostat.profiler.chunks import Batch
from riostat.profiler.samples import Limits, decode_plainly
from tests.profiler import recorded

_TOP = 1 << 64
_MARKERS = {
    _TOP - 32: Mode.HYPERVISOR,
    _TOP - 128: Mode.KERNEL,
    _TOP - 512: Mode.USER,
    _TOP - 2048: Mode.GUEST_KERNEL,
    _TOP - 2176: Mode.GUEST_KERNEL,
    _TOP - 2560: Mode.GUEST_USER,
    _TOP - 4095: Mode.UNKNOWN,
    _TOP - 1: Mode.UNKNOWN,
}


def _split(chains: list[list[int]]) -> list[list[tuple[int, int]]]:
    words = np.array([word for chain in chains for word in chain], np.uint64)
    offsets = np.cumsum([0, *map(len, chains)])
    offsets, ips, modes = split_modes(offsets, words)
    frames = list(zip(ips.tolist(), modes.tolist(), strict=True))
    return [frames[a:b] for a, b in pairwise(offsets.tolist())]


def test_markers_say_where_frames_ran_and_are_gone() -> None:
    kernel, user = recorded.KERNEL, recorded.USER
    assert _split([[kernel, 5, 6, user, 7], [], [user, 8], [kernel], [user, 9]]) == [
        [(5, Mode.KERNEL), (6, Mode.KERNEL), (7, Mode.USER)],
        [],
        [(8, Mode.USER)],
        [],
        [(9, Mode.USER)],
    ]


def test_frames_before_any_marker_are_told_by_their_address() -> None:
    high = _TOP - (1 << 30)
    assert _split([[recorded.KERNEL, 1], [high, 3], [4]]) == [
        [(1, Mode.KERNEL)],
        [(high, Mode.KERNEL), (3, Mode.USER)],
        [(4, Mode.USER)],
    ]


@given(
    st.lists(
        st.lists(st.one_of(st.sampled_from(sorted(_MARKERS)), st.integers(0, _TOP - 1)), max_size=9)
    )
)
def test_chains_of_any_words_are_split_as_one_reads_them(chains: list[list[int]]) -> None:
    expected = []
    for chain in chains:
        mode: Mode | None = None
        frames = []
        for word in chain:
            if word >= _TOP - 4095:
                mode = _MARKERS.get(word, Mode.USER if word == _TOP - 640 else Mode.UNKNOWN)
            else:
                by_address = Mode.KERNEL if word >= _TOP // 2 else Mode.USER
                frames.append((word, by_address if mode is None else mode))
        expected.append(frames)
    assert _split(chains) == expected


def test_chains_are_numbered_in_the_order_of_their_first_samples() -> None:
    chains = [(3, 4), (), (3, 4), (5,), ()]
    payload = recorded.frame(recorded.sample(9, chain=chain) for chain in chains)
    batch = Batch([(memoryview(payload), 10)])
    limits = Limits(0, 0, 99, {recorded.EVENT_ID: 0})
    found = decode_plainly(batch, limits)
    stacks, offsets, words = intern_plainly([(batch.words, found.sample_words)])
    assert stacks.tolist() == [0, 1, 0, 2, 1]
    assert offsets.tolist() == [0, 2, 2, 3]
    assert words.tolist() == [3, 4, 5]

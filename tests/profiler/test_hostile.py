"""Recordings from hostile hands: sound files whose samples, snapshots and descriptions are not.

Each run that is read here has fifty mutated chunks of perf records and mutated artefacts. It must
give a profile or be refused in a sentence, say what was left out, and stay small in memory.
"""

import json
import random
import resource
import secrets
import struct
from pathlib import Path

import numpy as np
import pytest

from riostat.core.errors import ProfileError
from riostat.core.run import Run
from riostat.profiler.profile import KEYS, Profile
from riostat.profiler.records import walk
from riostat.profiler.symbols.symbolizer import Symbolizer
from tests.profiler import recorded, streams
from tests.profiler.recorded import Recording

_S = 1_000_000_000
_CHUNKS = 50
_RUNS = 250
_BATCHES = 8
_GROWTH_KIB_MAX = 256 << 10

_EVENTS = [
    {"name": "cpu-clock", "frequency_hz": 99, "ids": {"41": 0}},
    {"name": "faults", "period": 1, "ids": {"42": 1}},
]
_DESCRIPTION = json.dumps({"encoding": "perf/1", "events": _EVENTS, "cpus": [0]}).encode()
_MAPS = b"1000-3000 r-xp 0 08:01 9 /bin/a\n4000-5000 rwxp 0 00:00 0 \n"
_CGROUPS = struct.pack("<QI", 1, 1) + b"/" + struct.pack("<QI", 7, 2) + b"/a"
_PROCESSES = b"".join(
    recorded.process(pid, b"name%d" % pid, maps=_MAPS, cgroup_path=b"/a") for pid in range(1, 5)
)


class _Attacker:
    """Writes one hostile run after another into the same directory."""

    def __init__(self, root: Path) -> None:
        draw = random.Random(1)
        self._recording = Recording(root)
        self._sound = [
            streams.stream(draw, draw.randrange(1, 30), begin_ns=_S, end_ns=2 * _S)
            for _ in range(400)
        ]

    def write(self, seed: int) -> tuple[Path, int]:
        """Write a run; return where it is, and how many of its chunks are cut."""
        draw = random.Random(seed)
        recording = self._recording
        for file in recording.path.glob("*.frames"):
            file.unlink()
        recording.file(_S)
        if draw.random() < 0.05:
            recording.artefact(_S, "recording", streams.mutated(draw, _DESCRIPTION))
        else:
            recording.artefact(_S, "recording", _DESCRIPTION)
        recording.event(_S, "started")
        for name, data in (("cgroups", _CGROUPS), ("processes", _PROCESSES)):
            recording.artefact(
                _S, name, streams.mutated(draw, data) if draw.random() < 0.5 else data
            )
        cut = 0
        for _ in range(_CHUNKS):
            payload = recorded.frame([streams.mutated(draw, draw.choice(self._sound))])
            recording.samples(2 * _S, payload)
            cut += _is_cut(payload)
        recording.close()
        return recording.path, cut


def _is_cut(payload: bytes) -> bool:
    chunk = payload[8 : len(payload) & ~7]
    halves = memoryview(chunk).cast("H")
    whole = walk(halves, 0, [], stop=len(halves), end=len(halves)) is not None
    return len(payload) % 8 != 0 or not whole


def _read(path: Path, cut: int, symbols: Symbolizer) -> None:
    """Ask everything of a run that can be asked."""
    profile = Profile.load(Run.open(path), symbols=symbols, kernels=path)
    count = len(profile.samples)
    for key in KEYS:
        codes, names = profile.codes(key)
        assert len(codes) == count
        assert not count or (codes.min() >= 0 and codes.max() < len(names))
        assert all(name.isprintable() for name in names)
    chains = profile.chains
    assert len(chains.codes) == count
    assert not count or chains.codes.max() + 1 < len(chains.offsets)
    assert np.all(np.diff(chains.offsets) > 0)
    assert chains.offsets[-1] == len(chains.symbols) == len(chains.modules) == len(chains.modes)
    assert not cut or any("were left out" in note for note in profile.notes)


def _attack(root: Path, seeds: range) -> None:
    attacker, symbols = _Attacker(root), Symbolizer(root / "symbols")
    refused = 0
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for seed in seeds:
        path, cut = attacker.write(seed)
        try:
            _read(path, cut, symbols)
        except ProfileError:
            refused += 1
        except Exception as error:
            error.add_note(f"the seed was {seed}")
            raise
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < _GROWTH_KIB_MAX
    assert refused < len(seeds) / 10


@pytest.mark.parametrize("batch", range(_BATCHES))
def test_a_hundred_thousand_mutated_chunks(tmp_path: Path, batch: int) -> None:
    assert _BATCHES * _RUNS * _CHUNKS >= 100_000
    _attack(tmp_path, range(batch * _RUNS, (batch + 1) * _RUNS))


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_many_more_mutated_chunks(tmp_path: Path) -> None:
    first = secrets.randbits(48)
    _attack(tmp_path, range(first, first + 50 * _RUNS))

"""Results of recordings that were made up or damaged: they are made, whatever a file holds."""

import dataclasses
import io
import json
import random
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riostat.core.run import Run
from riostat.profiler.diff import diff_profiles
from riostat.profiler.exports import folded, perf_script, speedscope
from riostat.profiler.flame import build_flame, build_treemap
from riostat.profiler.profile import KEYS, Profile
from riostat.profiler.report import build_report
from riostat.profiler.symbols.symbolizer import Symbolizer
from riostat.profiler.timeline import build_timeline
from tests.profiler import recorded, streams


def _damaged(folder: Path, draw: random.Random) -> Run:
    recording = recorded.Recording(folder)
    recording.begin([recorded.process(pid, draw.randbytes(6)) for pid in (1, 2, 3)])
    begin_ns = recording.started_ns
    end_ns = begin_ns + 1_000_000
    for _ in range(3):
        data = streams.stream(draw, draw.randrange(60), begin_ns=begin_ns, end_ns=end_ns)
        if draw.random() < 0.8:
            data = streams.mutated(draw, data)
        recording.samples(end_ns, recorded.frame([data]))
    return recording.open()


@given(st.integers(0, 1 << 32), st.lists(st.sampled_from(KEYS), min_size=1, unique=True))
def test_every_result_is_made_and_shares_add_up(seed: int, keys: list[str]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run = _damaged(folder, random.Random(seed))
        profile = Profile.load(run, symbols=Symbolizer(folder), kernels=folder)
        rows = build_report(profile, by=keys).rows
        assert sum(row.share for row in rows) == pytest.approx(1 if profile.weights.any() else 0)
        for children in (False, True):
            report = build_report(profile, by=keys, children=children, top=2)
            assert all(0 <= row.low <= row.share <= row.high <= 1 for row in report.rows)
        assert not any(change.significant for change in diff_profiles(profile, profile, by=keys))
        build_timeline(profile, bins=7, processes=2)
        for build in (build_flame, build_treemap):
            json.dumps(dataclasses.asdict(build(profile, share_min=0)))
        for export in (folded, perf_script, speedscope):
            stream = io.StringIO()
            export.write(profile, stream)
            stream.getvalue().encode()

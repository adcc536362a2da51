"""A recording that is read while it grows."""

from pathlib import Path

import pytest

from riostat.commands.profile.live import live_recording
from riostat.core.datadir import DataDirectory
from riostat.core.errors import SamplingError
from tests.profiler.rights import needs_root


@pytest.fixture
def data(tmp_path: Path) -> DataDirectory:
    directory = DataDirectory(tmp_path)
    directory.make()
    return directory


@needs_root
def test_spans_follow_the_recording_and_nothing_is_kept(data: DataDirectory) -> None:
    with live_recording(data, 99) as live:
        spans = list(live.spans(3.3))
        assert live.run.path.is_dir()
    assert len(spans) >= 2
    for span in spans:
        assert span.from_seconds is not None
        assert span.to_seconds is not None
        assert 0 <= span.from_seconds < span.to_seconds <= span.from_seconds + 2.001
    assert not live.run.path.exists()
    assert {path.name for path in data.root.iterdir()} == {"cache", "runs"}


def _follow(data: DataDirectory, frequency_hz: int, *, end: bool) -> None:
    with live_recording(data, frequency_hz) as live:
        if end:
            live.recorder.terminate()
        for _ in live.spans(60):
            pass


def test_a_recorder_that_cannot_begin_says_why(data: DataDirectory) -> None:
    with pytest.raises(SamplingError, match="samples a second are more"):
        _follow(data, 1_000_000_000, end=False)
    assert {path.name for path in data.root.iterdir()} == {"cache", "runs"}


@needs_root
def test_a_recorder_that_ends_is_noticed(data: DataDirectory) -> None:
    with pytest.raises(SamplingError, match="The recorder ended"):
        _follow(data, 99, end=True)

"""What `riostat up` runs beside its console: shares of the room, one run, no trace."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riostat.commands.companions import Companions, shares
from riostat.core.runs import RunDirectory
from riostat.core.settings import Settings, load_settings

LEAST = 8 << 20


def settings_of(data: Path, parts: str, keep_bytes: int = 1 << 28) -> Settings:
    flags = {"data": str(data), "parts": parts, "keep_bytes": str(keep_bytes)}
    return load_settings(flags, environment={}, directory=Path("nowhere"))


@given(st.integers(LEAST, 1 << 45), st.sampled_from(["none", "switch", "store", "switch,store"]))
def test_shares_are_what_may_be_kept(keep_bytes: int, parts: str) -> None:
    settings = settings_of(Path("data"), parts, keep_bytes)
    recorder, part = shares(settings)
    writers = len(settings.parts)
    assert min(recorder, part) >= LEAST
    assert recorder + writers * part <= max(keep_bytes, (1 + writers) * LEAST)


@pytest.mark.parametrize(
    ("parts", "kept"),
    [
        ("none", {"recorder", "library"}),
        ("switch", {"recorder", "library", "switch"}),
        ("store, switch", {"recorder", "library", "switch", "store"}),
    ],
)
def test_the_setting_says_which(tmp_path: Path, parts: str, kept: set[str]) -> None:
    companions = Companions(settings_of(tmp_path, parts), RunDirectory(tmp_path / "runs"))
    assert companions.problems.keys() == kept
    assert {problem() for problem in companions.problems.values()} == {None}
    companions.stop()
    assert RunDirectory(tmp_path / "runs").paths() == []

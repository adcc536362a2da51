"""Opening the profile that a person named."""

from pathlib import Path

import pytest

from riostat.commands.profile.loading import load_profile
from riostat.core.errors import ProfileError, RunError, RunNotFoundError
from tests.profiler.profiles import Hit, make_run


def test_a_run_is_found_by_name_by_path_and_as_a_span(tmp_path: Path) -> None:
    path = make_run(tmp_path / "runs", [Hit(0.1), Hit(0.2), Hit(0.7)])
    assert len(load_profile(tmp_path, "latest", None).weights) == 3
    assert len(load_profile(tmp_path, f"{path.name}@0.15..", "cpu-clock").weights) == 2
    assert len(load_profile(tmp_path / "elsewhere", f"{path}@..0.15", None).weights) == 1


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    make_run(tmp_path / "runs", [Hit(0.1)])
    with pytest.raises(RunNotFoundError):
        load_profile(tmp_path, "nothing", None)
    with pytest.raises(RunError):
        load_profile(tmp_path, "latest@3..2", None)
    with pytest.raises(ProfileError):
        load_profile(tmp_path, "latest", "cycles")

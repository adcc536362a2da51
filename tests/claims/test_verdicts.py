"""The last verdict of each claim, on disk."""

from pathlib import Path

import pytest

from riostat.claims.claim import Measurement
from riostat.claims.verdicts import Verdicts, verdict_of
from riostat.core.errors import ClaimError
from tests.claims.claims import made


def test_a_new_verdict_takes_the_place_of_the_last(tmp_path: Path) -> None:
    verdicts = Verdicts(tmp_path / "claims")
    assert verdicts.last() == {}
    for value in (1.0, 5.0):
        measured = Measurement(value, value, value)
        verdicts.keep(verdict_of(made(), measured, run="r", quick=True, measured_at=int(value)))
    (verdict,) = verdicts.last().values()
    assert (verdict.value, verdict.verdict, verdict.measured_at) == (5.0, "consistent", 5)
    assert verdict.source == "10.1/x"
    assert [path.name for path in (tmp_path / "claims").iterdir()] == ["made-claim.json"]


def test_damaged_files_count_as_no_verdict(tmp_path: Path) -> None:
    for name, content in (("a", b""), ("b", b"{}"), ("c", b"\xff" * 100), ("d", b"[1")):
        (tmp_path / f"{name}.json").write_bytes(content)
    (tmp_path / "e.json").mkdir()
    assert Verdicts(tmp_path).last() == {}


def test_where_nothing_can_be_kept_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "claims").write_text("in the way")
    verdict = verdict_of(made(), None, missing=["so"], quick=True, measured_at=0)
    with pytest.raises(ClaimError, match="cannot be kept"):
        Verdicts(tmp_path / "claims").keep(verdict)

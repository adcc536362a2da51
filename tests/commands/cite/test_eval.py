"""riostat cite eval, as its user runs it."""

import json
from pathlib import Path

from tests.commands.cite.invoking import refusal, riostat

_LINES = [
    {
        "id": 1,
        "sentence": "Our data agree with [3].",
        "start": 20,
        "end": 23,
        "label": "supporting",
    },
    {"id": 2, "sentence": "It was described [4].", "start": 17, "end": 20, "label": "mentioning"},
    {
        "id": 3,
        "sentence": "Unlike [4], we saw none.",
        "start": 7,
        "end": 10,
        "label": "contrasting",
    },
]


def _write(folder: Path, *, weight: float | None = None) -> None:
    lines = [line | {"weight": weight} for line in _LINES]
    (folder / "s").write_text("\n".join(map(json.dumps, lines)))


def test_figures_are_printed_for_both_weightings(tmp_path: Path) -> None:
    _write(tmp_path)
    done = riostat(tmp_path, "eval", "s")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("3 statements, model linear-")
    assert "\nas the statements are: macro-F1 " in done.stdout
    assert "\nat natural prevalence: macro-F1 " in done.stdout


def test_figures_as_json(tmp_path: Path) -> None:
    _write(tmp_path, weight=2.0)
    result = json.loads(riostat(tmp_path, "eval", "s", "--json").stdout)
    assert result["statements"] == 3
    assert result["at_data_set"] == result["at_natural_prevalence"]
    classes = result["at_data_set"]["classes"]
    assert {name: figures["statements"] for name, figures in classes.items()} == {
        "supporting": 1,
        "contrasting": 1,
        "mentioning": 1,
    }


def test_a_bad_line_is_refused(tmp_path: Path) -> None:
    (tmp_path / "s").write_text('{"id": 1, "sentence": "a", "label": "good"}')
    assert "Line 1 of s is no labelled statement" in refusal(riostat(tmp_path, "eval", "s"))

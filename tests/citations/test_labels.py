"""Labels are written and read alike, and a damaged file names its line."""

from pathlib import Path

import pytest

from riostat.citations.labels import BUNDLED_LABELS, Label, agreement, read_labels, write_labels
from riostat.citations.modelfile import LABELS as NAMES
from riostat.core.errors import LabelError

LABELS = [
    Label("10.1/b", "ff", "supporting", "mentioning", "supporting", "weak", 1.5),
    Label("10.1/a", "00", "mentioning", "mentioning", "mentioning", "rest", 4.25),
]


def test_what_is_written_is_read_in_order(tmp_path: Path) -> None:
    write_labels(tmp_path / "l", LABELS)
    assert read_labels(tmp_path / "l") == LABELS[::-1]


@pytest.mark.parametrize(
    "line",
    [
        "10.1/a\t00\tmentioning\tmentioning\tmentioning\trest\t4.25",
        "10.1/c\t00\tmentions\tmentioning\tmentioning\trest\t1",
        "10.1/c\t00\tmentioning\tmentioning\tmentioning\trest\tnan",
        "10.1/c\t00\tmentioning\tmentioning\tmentioning\trest\t0",
        "10.1/c\t00\tmentioning\tmentioning\tmentioning\trest\tx",
        "10.1/c\t00\tmentioning",
        "\t00\tmentioning\tmentioning\tmentioning\trest\t1",
        "10.1/c\t00\tmentioning\tmentioning\tmentioning\trest\t1\tmore",
    ],
)
def test_a_damaged_line_is_named(tmp_path: Path, line: str) -> None:
    write_labels(tmp_path / "l", LABELS)
    with (tmp_path / "l").open("a") as file:
        file.write(f"{line}\n")
    with pytest.raises(LabelError, match=r"Line 4 of the labels .* is damaged or there twice"):
        read_labels(tmp_path / "l")


@pytest.mark.parametrize("data", [b"", b"a\tb\n", b"\xff\xfe\n", b"\0"])
def test_other_files_are_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "l").write_bytes(data)
    with pytest.raises(LabelError):
        read_labels(tmp_path / "l")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LabelError, match="cannot be read"):
        read_labels(tmp_path / "none")


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [([0, 0, 1, 2], [0, 0, 1, 2], 1.0), ([0, 0, 1, 1], [0, 1, 0, 1], 0.0), ([2, 2], [2, 2], 1.0)],
)
def test_agreement_is_beyond_chance(first: list[int], second: list[int], expected: float) -> None:
    labels = [
        Label("d", str(place), NAMES[one], NAMES[two], NAMES[one], "rest", 1.0)
        for place, (one, two) in enumerate(zip(first, second, strict=True))
    ]
    assert agreement(labels) == pytest.approx(expected)


def test_our_own_annotation_is_whole() -> None:
    labels = read_labels(BUNDLED_LABELS)
    assert len(labels) >= 1500
    assert {label.settled for label in labels} == set(NAMES)
    settled = [label for label in labels if label.reader1 == label.reader2]
    assert all(label.settled == label.reader1 for label in settled)
    assert 0 < agreement(labels) < 1

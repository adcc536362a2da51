"""Statements are read a line at a time, however the bytes arrive."""

import io
import json
import random

import pytest

from riostat.citations.jsonlines import MAX_LINE, BadLine, LabelledLine, Line, LineReader


class _Dribbling(io.BytesIO):
    """Gives a few bytes at a time."""

    def read1(self, size: int | None = -1, /) -> bytes:
        return self.read(min(size or 7, 7))


def _all(data: bytes, kind: type[Line] = Line) -> list[Line | BadLine]:
    return [line for lines in LineReader(io.BytesIO(data), kind) for line in lines]


def test_lines_are_read_as_they_arrive() -> None:
    lines = [{"id": 1, "sentence": "ä [1]"}, {"id": "b", "sentence": "c", "next": None, "x": [1]}]
    data = "\n\n".join(map(json.dumps, lines)).encode()
    found = _all(data)
    assert found == [Line(1, "ä [1]"), Line("b", "c")]
    dribbled = [line for part in LineReader(_Dribbling(data)) for line in part]
    assert dribbled == found


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "truncated"),
        (b"x", "JSON is malformed"),
        (b"[]", "Expected `object`"),
        (b'{"id": 1}', "missing required field `sentence`"),
        (b'{"id": null, "sentence": ""}', "`$.id`"),
        (b'{"id": 1, "sentence": "a", "start": 0}', "one of `start` and `end` is missing"),
        (b'{"id": 1, "sentence": "a", "start": 0, "end": 2}', "marks nothing"),
        (b'{"id": 1, "sentence": "ab", "start": 1, "end": 1}', "marks nothing"),
        (b'{"id": 1, "sentence": "\xff"}', "utf-8"),
        (b'{"id": 1, "sentence": "' + b"a" * MAX_LINE + b'"}', "longer than"),
    ],
)
def test_a_bad_line_costs_only_itself(line: bytes, reason: str) -> None:
    good = b'{"id": 1, "sentence": "a"}'
    first, bad, last = _all(b"\n".join((good, line, good)))
    assert first == last == Line(1, "a")
    assert isinstance(bad, BadLine)
    assert bad.number == 2
    assert reason in bad.reason


def test_a_line_without_end_is_not_kept_in_memory() -> None:
    class Endless(io.BytesIO):
        left = 200

        def read1(self, size: int | None = -1, /) -> bytes:
            self.left -= 1
            return b"x" * (size or 1) if self.left else b""

    (bad,) = [line for lines in LineReader(Endless()) for line in lines]
    assert bad == BadLine(1, f"it is longer than {MAX_LINE} bytes")


@pytest.mark.parametrize(
    "change", [{"label": "supports"}, {"label": None}, {"weight": 0}, {"weight": -1}]
)
def test_labels_and_weights_are_checked(change: dict[str, object]) -> None:
    line = {"id": 1, "sentence": "a", "label": "supporting", "weight": 2}
    assert isinstance(_all(json.dumps(line).encode(), LabelledLine)[0], LabelledLine)
    assert isinstance(_all(json.dumps(line | change).encode(), LabelledLine)[0], BadLine)


def test_noise_is_read_without_a_crash() -> None:
    generator = random.Random(3)
    good = b'{"id": 1, "sentence": "We [1]", "start": 3, "end": 6}\n'
    for _ in range(300):
        data = bytearray(good * 3)
        for _ in range(generator.randint(1, 5)):
            data[generator.randrange(len(data))] = generator.randrange(256)
        assert all(isinstance(line, Line | BadLine) for line in _all(bytes(data)))

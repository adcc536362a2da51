"""riostat cite classify, as its user runs it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands.cite.invoking import refusal, riostat

_LINE = {"id": "a", "sentence": "This agrees with earlier results [3].", "start": 33, "end": 36}


def test_answers_come_in_order_with_their_identities(tmp_path: Path) -> None:
    lines = [_LINE, {"id": 7, "sentence": "It is so.", "section": None, "unknown": {}}]
    done = riostat(tmp_path, "classify", text="\n".join(map(json.dumps, lines)))
    assert (done.returncode, done.stderr) == (0, "")
    first, second = map(json.loads, done.stdout.splitlines())
    assert (first["id"], second["id"]) == ("a", 7)
    for answer in (first, second):
        assert answer.keys() == {"id", "label", "probabilities", "abstained"}
        probabilities = answer["probabilities"]
        assert probabilities.keys() == {"supporting", "contrasting", "mentioning"}
        assert sum(probabilities.values()) == pytest.approx(1.0)
        assert answer["label"] == max(probabilities, key=probabilities.get)
        assert isinstance(answer["abstained"], bool)


def test_bad_lines_are_named_and_the_rest_is_answered(tmp_path: Path) -> None:
    text = f"nonsense\n{json.dumps(_LINE)}\n" + json.dumps(_LINE | {"end": 99})
    done = riostat(tmp_path, "classify", text=text)
    assert done.returncode == 1
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == ["a"]
    first, second = done.stderr.splitlines()
    assert first.startswith("riostat: Line 1 is no statement: JSON is malformed")
    assert second.startswith("riostat: Line 3 is no statement: 33..99 marks nothing")


def test_nothing_is_answered_with_nothing(tmp_path: Path) -> None:
    done = riostat(tmp_path, "classify", text="")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_model_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(b"PK")
    assert "cannot be used" in refusal(riostat(tmp_path, "classify", "--model", "m", text=""))
    assert "cannot be read" in refusal(riostat(tmp_path, "classify", "--model", "x", text=""))


def test_a_line_is_answered_before_the_next_is_given(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "riostat", "cite", "classify"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=tmp_path,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        for identity in range(3):
            process.stdin.write(json.dumps(_LINE | {"id": identity}).encode() + b"\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["id"] == identity
        process.stdin.close()
        assert process.wait() == 0

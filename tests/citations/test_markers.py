"""Markers by hand: every way of writing a range or a list stands for the references it means.

Numbers between angle brackets are marked in the file, as <3>; <3-7:3 7> names its references.
"""

import re

import pytest

from riostat.citations.documents import Reference
from riostat.citations.markers import Mark, Numbering, mentions_of

MARK = re.compile(r"<([^<>:]*)(?::([\d ]+))?>")

# written -> what each reference is mentioned by
EXPECTED: dict[str, dict[int, list[str]]] = {
    "seen [<3>]": {3: ["3"]},
    "seen <[3]>": {3: ["[3]"]},
    "seen [<1>, <4>]": {1: ["1"], 4: ["4"]},
    "seen [<3>-<7>]": {3: ["3"], 4: ["3-7"], 5: ["3-7"], 6: ["3-7"], 7: ["7"]},
    "seen <[3]>–<[5]>": {3: ["[3]"], 4: ["[3]–[5]"], 5: ["[5]"]},
    "seen <[3]> – <[5]>": {3: ["[3]"], 4: ["[3] – [5]"], 5: ["[5]"]},
    "seen [<1>,<4>-<6>]": {1: ["1"], 4: ["4"], 5: ["4-6"], 6: ["6"]},
    "seen [<1>–<3>,<5>,<7>–<9>]": {
        1: ["1"],
        2: ["1–3"],
        3: ["3"],
        5: ["5"],
        7: ["7"],
        8: ["7–9"],
        9: ["9"],
    },
    "seen <3> to <5>": {3: ["3"], 4: ["3 to 5"], 5: ["5"]},
    "seen <3> through <5>": {3: ["3"], 4: ["3 through 5"], 5: ["5"]},
    "shown.<3>−<5>": {3: ["3"], 4: ["3−5"], 5: ["5"]},
    "seen <3-5:3>": {3: ["3-5"], 4: ["3-5"], 5: ["3-5"]},
    "seen <3-5:3 5>": {3: ["3-5"], 4: ["3-5"], 5: ["3-5"]},
    "seen <[3-5]:3 4 5>": {3: ["3-5"], 4: ["3-5"], 5: ["3-5"]},
    "seen <[1,4-6]:1>": {1: ["1"], 4: ["4-6"], 5: ["4-6"], 6: ["4-6"]},
    "seen <1,4–6:1 4 6>": {1: ["1"], 4: ["4–6"], 5: ["4–6"], 6: ["4–6"]},
    "seen [<29:2><:3>-<31:4>]": {2: ["29"], 3: ["29-31"], 4: ["31"]},
    "seen [<2><:3><:4>-<5>]": {2: ["2"], 3: ["2-5"], 4: ["2-5"], 5: ["5"]},
    "seen [<3>-7]": {3: ["3"], 4: ["3-7"], 5: ["3-7"], 6: ["3-7"], 7: ["3-7"]},
    "seen [<1>, 4-6]": {1: ["1"], 4: ["4-6"], 5: ["4-6"], 6: ["4-6"]},
    "seen [1, <4>, 8]": {1: ["1"], 4: ["4"], 8: ["8"]},
    "cells<3>–5 grew": {3: ["3"], 4: ["3–5"], 5: ["3–5"]},
    "seen <Smith et al. (2003):3>": {3: ["Smith et al. (2003)"]},
    "Smith et al. (<2003:3>, <2005:5>)": {3: ["2003"], 5: ["2005"]},
    "between <2003:3>–<2005:5>": {3: ["2003"], 5: ["2005"]},
    "seen <2003–2005:3>": {3: ["2003–2005"]},
    "again [<3>] and [<3>]": {3: ["3", "3"]},
    "wrong [<7>-<3>]": {3: ["3"], 7: ["7"]},
    "unknown [<3>-90]": {3: ["3"]},
    "a rise <3>-5.5 fold": {3: ["3"]},
    "a rise <3>-5% fold": {3: ["3"]},
    "all of <them:1 2>": {1: ["them"], 2: ["them"]},
    "no text <:3> here": {3: [""]},
}


def _reference(number: int) -> Reference:
    return Reference(f"B{number}", number, None, None, "", "", None, "", "")


def _parsed(example: str) -> tuple[str, list[Mark]]:
    text, marks, at = "", [], 0
    for match in MARK.finditer(example):
        text += example[at : match.start()]
        numbers = (match[2] or match[1].strip("[]")).split()
        references = tuple(f"B{number}" for number in numbers)
        marks.append(Mark(references, len(text), len(text) + len(match[1])))
        text += match[1]
        at = match.end()
    return text + example[at:], marks


@pytest.mark.parametrize("example", EXPECTED)
def test_every_way_of_writing_a_list(example: str) -> None:
    references = [_reference(number) for number in range(1, 13)]
    text, marks = _parsed(example)
    found: dict[int, list[str]] = {}
    for mention in mentions_of(text, marks, Numbering(references, references)):
        number = int(mention.reference.removeprefix("B"))
        found.setdefault(number, []).append(text[mention.start : mention.end])
    assert dict(sorted(found.items())) == EXPECTED[example]


def test_mentions_are_in_the_order_of_the_text() -> None:
    references = [_reference(number) for number in range(1, 13)]
    text, marks = _parsed("seen [<9>, <2>-<4>] and <1>")
    found = mentions_of(text, marks, Numbering(references, references))
    assert [mention.start for mention in found] == sorted(mention.start for mention in found)
    assert [mention.reference for mention in found] == ["B9", "B2", "B3", "B4", "B1"]


def test_many_marks_give_many_mentions() -> None:
    references = [_reference(number) for number in range(1, 13)]
    text, marks = _parsed("[<1>-<3>, <5><:6>-<8>] [1, <2>, 4-6] " * 900)
    assert len(mentions_of(text, marks, Numbering(references, references))) == 10_800

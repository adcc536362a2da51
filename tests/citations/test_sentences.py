"""Sentences of scientific prose; `[` and `]` in the examples stand around citation markers."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riostat.citations.sentences import sentences

# A bar stands where a sentence ends, and what is between { and } is a citation's marker.
PROSE = [
    "This was shown {[3]}. | It holds {[4]}, {[5]}.",
    "This was shown.{3} | It holds.",
    "This was shown.{3}–{5} | It holds.",
    "This was shown. {[3]} | It holds.",
    "This was shown. | {[3]} found the contrary.",
    "This was shown. [{3},{4}] | It holds.",
    "It was shown by {Smith et al. (2010)} in mice. | We agree.",
    "It was shown ({Smith et al., 2010}; {J. R. Doe, Jr., 2011}). | We agree.",
    "It was shown by Smith et al. {[3]} in mice.",
    "Smith et al. found it {[3]}. | We did, too.",
    "These were found by Smith et al. | However, they are few {[3]}.",
    "See Fig. 3 and Figs. S5 of it {[3]}. | Then go.",
    "The value was 3.5 vs. 4.1 (p < 0.05; cf. Ref. {3}). | It fell.",
    "Tools exist (e.g. FSL {[3]}, i.e. its viewer). | We used none.",
    "A test (see the note. It is long.) was made {[3]}. | It failed.",
    "It grows. (Figure 3A). | We waited.",
    "Gift of R. A. Fisher {[3]}. | We thank M.Z. Ali.",
    "RNA was taken. | mRNA levels fell {[3]}. | p53 rose.",
    "Why is it so? {[3]} | Nobody knows! | It is so.",
    "We take no fees. | (b) Loans are free {[3]}. | 12 mice died.",
    "They say “it is so.” | We say it is not {[3]}.",
    "It is hard … to say {[3]}. | We try.",
    "Strains of E. coli were used {[3]}. | They grew at 37 °C.",
    "It works in the U.S. | The rest fails {[3]}.",
]


def _parsed(example: str) -> tuple[str, list[tuple[int, int]], list[str]]:
    text, spans, start = "", [], 0
    for character in example.replace(" | ", " "):
        if character == "{":
            start = len(text)
        elif character == "}":
            spans.append((start, len(text)))
        else:
            text += character
    plain = example.replace("{", "").replace("}", "")
    return text, spans, plain.split(" | ")


@pytest.mark.parametrize("example", PROSE)
def test_prose(example: str) -> None:
    text, spans, expected = _parsed(example)
    assert [text[begin:end] for begin, end in sentences(text, spans)] == expected


@given(
    st.lists(st.text(alphabet="aB1. ([)]!?,;-{", min_size=1, max_size=12), min_size=1, max_size=20),
    st.data(),
)
def test_every_word_is_in_one_sentence_and_no_marker_is_cut(
    pieces: list[str], data: st.DataObject
) -> None:
    text = " ".join(" ".join(pieces).split())
    points = st.integers(0, len(text))
    drawn = data.draw(st.lists(st.tuples(points, points)))
    spans = [(start, end) for start, end in drawn if text[start:end].strip() == text[start:end]]
    found = sentences(text, spans)
    kept = "".join(text[begin:end] for begin, end in found)
    assert kept.replace(" ", "") == text.replace(" ", "")
    assert all(text[begin:end].strip() == text[begin:end] != "" for begin, end in found)
    assert all(one[1] <= two[0] for one, two in pairwise(found))
    for start, end in spans:
        assert not any(start < cut < end for _, cut in found if cut < len(text))


@pytest.mark.parametrize("text", ["(A. )" * 40_000, "A. " * 60_000, "(a. (B. " * 30_000])
def test_a_long_paragraph_takes_no_more_than_its_length(text: str) -> None:
    assert sentences(text.strip(), [])  # quadratic time would run into the test's limit

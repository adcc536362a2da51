"""Cues tell apart whose evidence a sentence has, and whether it agrees."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riostat.citations.cues import COUNT, cues, section_of
from riostat.citations.masking import TARGET, mask, words


def _seen(sentence: str, marker: str = "[3]") -> np.ndarray:
    start = sentence.index(marker)
    return cues(" ".join(words(mask(sentence, start, start + len(marker)))), "", "", "discussion")


def test_a_sentence_is_described_within_bounds() -> None:
    seen = _seen("Our results agree with those of Smith [3].")
    assert seen.shape == (COUNT,)
    assert seen.dtype == np.float32
    assert ((seen >= 0) & (seen <= 1)).all()


def test_agreement_and_contrast_look_different() -> None:
    agree = _seen("Our results are consistent with [3].")
    contrast = _seen("Our results are inconsistent with [3].")
    assert (agree != contrast).any()


def test_a_cue_near_the_target_counts_more_than_one_far_away() -> None:
    near = _seen("It was long ago and far away but this is consistent with [3].")
    far = _seen("This is consistent with what was long ago and far away but seen [3].")
    assert near.sum() != far.sum()


def test_neighbours_are_seen() -> None:
    text = f"this was also seen by {TARGET}"
    assert (cues(text, "", "", None) != cues(text, "we found that it grew fig 0", "", None)).any()


@pytest.mark.parametrize(
    ("heading", "same"),
    [
        ("Materials and Methods", "methods"),
        ("4. Results", "results"),
        ("Results and Discussion", "results-discussion"),
        ("Conclusions", "discussion"),
        ("Background", "introduction"),
        ("", None),
        ("Acknowledgements", None),
    ],
)
def test_headings_name_sections(heading: str, same: str | None) -> None:
    assert section_of(heading) == section_of(same)


def test_sections_are_kept_apart() -> None:
    names = ("methods", "results", "results-discussion", "discussion", "introduction", None)
    assert len({section_of(name) for name in names}) == len(names)


@given(st.text(max_size=200), st.text(max_size=50))
def test_any_text_has_cues(text: str, neighbour: str) -> None:
    seen = cues(text, neighbour, neighbour, neighbour)
    assert seen.shape == (COUNT,)
    assert np.isfinite(seen).all()

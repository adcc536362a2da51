"""Masking hides who is cited, whatever the offsets are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riostat.citations.masking import OTHER, TARGET, mask, words

_offsets = st.integers(-5, 60) | st.none()


@pytest.mark.parametrize(
    ("sentence", "marker", "masked"),
    [
        ("Seen in mice [3].", "[3]", f"seen in mice {TARGET}"),
        ("Seen in mice [3].", "3", f"seen in mice {TARGET}"),
        ("Seen [2,3], unlike [4-6].", "3", f"seen {TARGET} unlike {OTHER}"),
        ("As Smith (2004) or (Ada, 1999) say", "2004", f"as smith {TARGET} or {OTHER} say"),
        ("In 12 of 30 cases (40 %) [7]", "[7]", f"in 0 of 0 cases ( 0 % ) {TARGET}"),
    ],
)  # fmt: skip
def test_markers_become_signs(sentence: str, marker: str, masked: str) -> None:
    start = sentence.index(marker)
    assert " ".join(words(mask(sentence, start, start + len(marker)))) == masked


def test_known_markers_of_others_are_hidden() -> None:
    sentence = "Like Smith and unlike Jones, we saw it."
    smith, jones = (5, 10), (22, 27)
    assert words(mask(sentence, *smith, [jones])) == words(
        f"like {TARGET} and unlike {OTHER} we saw it"
    )


def test_a_marker_inside_the_target_hides_nothing_of_it() -> None:
    sentence = "Shown before [3-7]."
    masked = mask(sentence, 13, 18, [(14, 15), (16, 17)])
    assert masked.count(TARGET) == 1
    assert OTHER not in masked


def test_signs_in_the_text_are_not_believed() -> None:
    assert TARGET not in mask(f"a {TARGET} b {OTHER}", None, None)


@given(
    st.text(max_size=60),
    _offsets,
    _offsets,
    st.lists(st.tuples(st.integers(-5, 60), st.integers(-5, 60))),
)
def test_any_text_and_offsets_are_masked(
    sentence: str, start: int | None, end: int | None, others: list[tuple[int, int]]
) -> None:
    masked = mask(sentence, start, end, others)
    assert masked.count(TARGET) <= 1
    assert all(word and " " not in word for word in words(masked))


@given(st.text(max_size=40), st.text(max_size=40))
def test_the_target_is_seen_wherever_it_stands(left: str, right: str) -> None:
    sentence = f"{left}[3]{right}"
    assert TARGET in mask(sentence, len(left), len(left) + 3)

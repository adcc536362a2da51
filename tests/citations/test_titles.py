"""Titles as they are compared."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riostat.citations.titles import likeness, name_key, title_key


@pytest.mark.parametrize(
    ("title", "key"),
    [
        ("The  Effect of Déjà-vu: a trial.", "the effect of deja vu a trial"),
        ("β-catenin & Wnt", "β catenin wnt"),
        ("“Quoted” — dashed", "quoted dashed"),
        ("...", ""),
        ("ﬁrst ﬂoor", "first floor"),
    ],
)
def test_a_title_has_one_key(title: str, key: str) -> None:
    assert title_key(title) == key


def test_a_name_is_known_by_its_surname() -> None:
    assert name_key("Müller-Lüdenscheidt, Karl") == name_key("Muller Ludenscheidt")


@given(st.text(max_size=60))
def test_a_key_is_its_own_key(text: str) -> None:
    assert title_key(title_key(text)) == title_key(text)


@given(st.text("ab ", max_size=30), st.text("ab ", max_size=30))
def test_likeness_is_symmetric_and_full_for_what_is_the_same(one: str, other: str) -> None:
    assert likeness(one, other) == likeness(other, one)
    assert 0 <= likeness(one, other) <= 1
    assert likeness(one, one) == 1

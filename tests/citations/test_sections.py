"""Sections by their headings and types."""

import pytest

from riostat.citations.sections import SECTIONS, section_of


@pytest.mark.parametrize(
    ("headings", "types", "section"),
    [
        (["1. Introduction"], [""], "introduction"),
        (["Discussion"], ["conclusions"], "discussion"),
        (["The effect of salt"], ["results"], "results"),
        (["Results and Discussion", "Methods"], ["", ""], "results-discussion"),
        (["Materials and methods", "Results of calibration"], ["", ""], "methods"),
        (["Anything", "Statistical analysis"], ["", ""], "methods"),
        (["Background"], ["abstract"], "abstract"),
        (["", "Conclusions"], ["materials|methods", ""], "methods"),
        (["Related work"], [""], "related-work"),
        (["Acknowledgements"], [""], "other"),
        ([], [], "other"),
    ],
)
def test_the_outermost_heading_that_says_something_decides(
    headings: list[str], types: list[str], section: str
) -> None:
    assert section_of(headings, types) == section
    assert section in SECTIONS

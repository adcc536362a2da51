"""DOIs, however they are written."""

import pytest

from riostat.citations.identifiers import find_doi, normal_doi


@pytest.mark.parametrize(
    ("text", "doi"),
    [
        ("10.1145/1064979.1064984", "10.1145/1064979.1064984"),
        ("10.1371/Journal.PMED.0020124", "10.1371/journal.pmed.0020124"),
        ("https://doi.org/10.1000/x(1).", "10.1000/x(1)"),
        ("http://dx.doi.org/10.1002/a%3C377::AID%3E3.0", None),
        ("doi:10.1/abc", None),
        ("doi: 10.1000/abc,", "10.1000/abc"),
        ("info:doi/10.1371/a.b", "10.1371/a.b"),
        ("see 10.1000/abc", None),
        ("", None),
        (None, None),
        ("10.1000/" + "x" * 600, None),
    ],
)
def test_a_doi_has_one_form(text: str | None, doi: str | None) -> None:
    if text is not None and "%3C" in text:
        assert find_doi(text) == "10.1002/a"
    else:
        assert normal_doi(text) == doi


@pytest.mark.parametrize(
    ("text", "doi"),
    [
        ("Smith J (2001) A title. J Works 1: 2-3. doi:10.1000/abc.12.", "10.1000/abc.12"),
        ("(https://doi.org/10.1000/a-b)", "10.1000/a-b"),
        ("[10.1000/a(b)c]", "10.1000/a(b)c"),
        ("version 10.2 of it", None),
        ("10.1000/", None),
    ],
)
def test_a_doi_is_found_in_text(text: str, doi: str | None) -> None:
    assert find_doi(text) == doi

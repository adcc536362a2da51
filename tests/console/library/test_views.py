"""Works as they are answered: every address of one leads back to it."""

import string
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riostat.citations.reports import Work
from riostat.console.library.views import work_href, work_view

ANY = st.text(string.ascii_letters + string.digits + "./;()<>:#?%&+ [\\]\"'_-\u00e4", max_size=30)


def named(doi: str | None) -> Work:
    return Work(7, doi, "A title", 2000, "")


@given(ANY)
def test_an_address_names_the_doi_or_the_number(rest: str) -> None:
    doi = f"10.1000/{rest}"
    address = work_href(named(doi))
    assert address is not None
    parts = urlsplit(urljoin("http://127.0.0.1/library?q=x", address))
    assert (parts.netloc, parts.query, parts.fragment) == ("127.0.0.1", "", "")
    assert unquote(parts.path) in {f"/works/{doi}", "/works/7"}


@pytest.mark.parametrize(
    ("doi", "address"),
    [
        (None, "/works/7"),
        ("10.1145/262391.262398", "/works/10.1145/262391.262398"),
        ("10.1016/s0140-6736(97)11096-0", "/works/10.1016/s0140-6736(97)11096-0"),
        (
            "10.1002/(sici)1097<1::aid>3.0.co;2-#",
            "/works/10.1002/(sici)1097%3C1::aid%3E3.0.co%3B2-%23",
        ),
        ("10.1000/a/../b", "/works/7"),
        ("10.1000/a//b", "/works/7"),
        ("10.1000/..", "/works/7"),
    ],
)
def test_the_address_is_the_doi_where_a_browser_leaves_it_alone(
    doi: str | None, address: str
) -> None:
    assert work_href(named(doi)) == address


def test_what_is_not_in_the_index_has_no_address() -> None:
    assert work_view(Work(None, None, "Of no work", None, "")).href is None

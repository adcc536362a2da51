"""Templates escape what the world says and fail on what they are not given."""

from pathlib import Path

import pytest
from jinja2 import UndefinedError

from riostat.console import templates
from riostat.console.static import StaticTree
from riostat.console.templates import Templates

HERE = Path(templates.__file__).parent
EVIL = "<script>alert('1')</script>"


@pytest.fixture
def pages() -> Templates:
    tree = StaticTree(HERE / "static")
    return Templates(HERE / "templates", tree, part_is_there=lambda name: name != "switch")


def test_text_is_escaped(pages: Templates) -> None:
    html = bytes(pages.error(404, EVIL).body).decode()
    assert EVIL not in html
    assert "&lt;script&gt;" in html


def test_a_missing_value_is_our_fault(pages: Templates) -> None:
    with pytest.raises(UndefinedError):
        pages.page("recording", {})


@pytest.mark.parametrize("status", [400, 404, 409, 418, 500])
def test_every_status_has_a_heading(pages: Templates, status: int) -> None:
    assert pages.error(status, "It is so.").status_code == status


def test_the_sign_in_page_holds_its_own_style(pages: Templates) -> None:
    html, style = pages.signin(EVIL)
    assert f"<style>{style}</style>" in html
    assert EVIL not in html
    assert "/static/" not in html


def test_the_navigation_leads_to_what_is_there(pages: Templates) -> None:
    html = bytes(pages.error(404, "It is so.").body).decode()
    assert 'href="/store"' in html
    assert 'href="/switch"' not in html


def test_a_part_of_a_page_stands_by_itself(pages: Templates) -> None:
    switch = {"state": "absent", "reason": None}
    html = pages.fragment("_switch", {"switch": switch, "picture": None})
    assert "riostat switch run" in html
    assert "<html" not in html

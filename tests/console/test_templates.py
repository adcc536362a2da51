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
    return Templates(HERE / "templates", StaticTree(HERE / "static"))


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

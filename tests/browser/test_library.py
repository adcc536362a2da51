"""The library in a browser: found by words, opened, filtered, by links and keys alone."""

import pytest

from tests.browser.chromium import Browser

pytestmark = pytest.mark.browser

WORDS = "coordinated profile yields the distribution"
TITLE = "Diagnosing performance overheads in the Xen virtual machine environment"


def _open_work(browser: Browser) -> None:
    """Search for a statement, and follow the link to the work that it cites."""
    browser.open("/library")
    browser.focus("[name=q]").send_keys(f"{WORDS}\ue007")
    browser.one("#statements .statements li")
    assert WORDS in browser.text("#statements blockquote")
    assert browser.text("#statements mark") == "[1]"
    for link in browser.all("#statements .work-title"):
        if link.text == TITLE:
            link.click()
            break
    browser.one("#tally-heading")


@pytest.mark.parametrize("with_scripts", [True, False])
def test_a_work_is_found_opened_and_filtered(browser: Browser, *, with_scripts: bool) -> None:
    browser.scripts(allowed=with_scripts)
    _open_work(browser)
    assert browser.text("h1") == TITLE
    total = len(browser.all("[data-statement]"))
    assert browser.text("#statements .panel-note").startswith(f"{total} of {total}")
    browser.one("[data-section=results]").click()
    browser.one("[data-section=results][aria-current]")
    left = browser.all("[data-statement]")
    assert 0 < len(left) < total
    assert all("results" in item.text for item in left)
    assert all(
        len(browser.all(f"[data-statement='{item.get_attribute('data-statement')}'] mark")) == 1
        for item in left
    )
    browser.one("[data-section=all]").click()
    browser.until(lambda: len(browser.all("[data-statement]")) == total, "the filter stays")


def test_the_target_stands_out_from_its_sentence(browser: Browser) -> None:
    _open_work(browser)
    for dark in (False, True):
        browser.look((1200, 900), dark=dark)
        mark, around = browser.script("""
            const colour = e => getComputedStyle(e).backgroundColor;
            return [colour(document.querySelector('mark')),
              colour(document.querySelector('blockquote'))];
        """)
        assert mark != around
    target, label = browser.script("""
        const item = document.querySelector('.statements li');
        return [item.querySelector('mark').textContent,
          document.querySelector('.tally-large').getAttribute('aria-label')];
    """)
    assert target.strip("[]").isdigit()
    assert "supporting" in label


def test_claims_and_their_source_lead_to_one_another(browser: Browser) -> None:
    browser.open("/claims")
    browser.one("#vee2005-distribution p a[href^='/works/']").click()
    browser.one("#measured")
    assert browser.text("h1") == TITLE
    browser.one("#measured a[href='/claims#vee2005-distribution']").click()
    browser.one("#vee2005-distribution")


def test_the_overview_says_what_there_is(browser: Browser) -> None:
    browser.open("/")
    browser.until(
        lambda: "statements" in browser.text("[data-glance=library]"), "no library on the overview"
    )
    assert "measured" in browser.text("[data-glance=claims]")
    browser.one("[data-glance=library] a").click()
    browser.one("#works-heading")

"""What holds for every page: errors, widths, themes, structure, requests."""

import pytest

from tests.browser.chromium import PHONE, Browser
from tests.browser.served import ServedConsole

pytestmark = pytest.mark.browser

PAGES = {
    "claims": "/claims",
    "overview": "/",
    "runs": "/runs",
    "run": "/runs/{1}",
    "span": "/runs/{0}?from=0.5&to=1&by=process",
    "diff": "/diff?before={0}&after={1}",
    "diff form": "/diff",
    "switch": "/switch",
    "store": "/store",
    "object": "/store?bucket=media&key=riostat.mp4&prefix=r",
    "library": "/library",
    "search": "/library?q=profile&section=introduction",
    "work": "/works/10.1145/262391.262398",
    "document": "/works/1",
    "missing run": "/runs/no-such-run",
}


@pytest.fixture(params=PAGES)
def page(request: pytest.FixtureRequest, browser: Browser, console: ServedConsole) -> str:
    if request.param == "missing run":
        browser.expect_error("404")
    if request.param == "object":
        browser.open("/store")
        browser.one("[data-disk]")  # the first start makes the store, with its clip, meanwhile
    return PAGES[request.param].format(*console.runs)


def _settled(browser: Browser) -> None:
    if browser.all("#run"):
        browser.one(".timeline .u-over")
        browser.one("svg.treemap [tabindex='0']")
        browser.one("svg.flame [tabindex='0']")


def test_no_page_scrolls_sideways_on_a_phone(browser: Browser, page: str) -> None:
    browser.look(PHONE)
    browser.open(page)
    _settled(browser)
    assert browser.script("return document.documentElement.scrollWidth") <= PHONE[0]


def test_every_page_has_its_landmarks(browser: Browser, page: str) -> None:
    browser.open(page)
    _settled(browser)
    for selector in ("main", "h1", "header", "nav[aria-label]", "footer"):
        assert browser.all(f"body {selector}"), selector
    assert len(browser.all("main")) == len(browser.all("h1")) == 1
    assert browser.script("return document.documentElement.lang") == "en"
    assert browser.all(".skip[href='#main']")


def test_tables_figures_and_fields_have_names(browser: Browser, page: str) -> None:
    browser.open(page)
    _settled(browser)
    nameless = browser.script("""
        const named = e => e.getAttribute('aria-label') || e.getAttribute('aria-labelledby')
          || e.labels?.length || e.textContent.trim();
        const CONTROLS = 'input:not([type=hidden], [hidden]), select, button, a';
        const faults = [];
        for (const table of document.querySelectorAll('table')) {
          if (!table.caption?.textContent.trim()) faults.push('table without caption');
          for (const head of table.querySelectorAll('th'))
            if (!head.scope) faults.push('th without scope: ' + head.textContent);
        }
        for (const picture of document.querySelectorAll('[role=img]:not([aria-hidden])'))
          if (!named(picture)) faults.push('picture without a name');
        for (const control of document.querySelectorAll(CONTROLS))
          if (!named(control)) faults.push('control without a name: ' + control.outerHTML);
        const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
        for (const id of ids)
          if (ids.filter(other => other === id).length > 1) faults.push('twice: ' + id);
        return faults;
    """)
    assert nameless == []


def test_nothing_is_asked_of_other_hosts(
    browser: Browser, console: ServedConsole, page: str
) -> None:
    browser.open(page)
    _settled(browser)
    names = browser.script("return performance.getEntriesByType('resource').map(e => e.name)")
    assert names
    assert [name for name in names if not name.startswith(console.origin)] == []


def test_no_markup_carries_style_or_handlers(
    browser: Browser, console: ServedConsole, page: str
) -> None:
    browser.open("/")
    source: str = browser.script("return (await fetch(arguments[0])).text()", console.origin + page)
    for part in ("style=", "onclick=", "<style", "javascript:", "<script>"):
        assert part not in source


def _paper(browser: Browser) -> int:
    colour: str = browser.script("return getComputedStyle(document.body).backgroundColor")
    return sum(int(part) for part in colour.strip("rgb()").split(","))


def test_the_theme_follows_the_system_and_the_button(browser: Browser, page: str) -> None:
    browser.open(page)
    light = _paper(browser)
    browser.look(PHONE, dark=True)
    dark = _paper(browser)
    assert dark < 100
    assert light > 600
    browser.one("[data-theme-toggle]").click()
    assert _paper(browser) == light
    browser.open("/runs")
    assert _paper(browser) == light, "the choice is not kept"
    assert browser.one("[data-theme-toggle]").get_attribute("aria-pressed") == "false"


def test_the_skip_link_is_the_first_stop(browser: Browser, page: str) -> None:
    browser.open(page)
    browser.script("document.activeElement.blur()")
    browser.keys("\ue004")
    assert browser.script("return document.activeElement.className") == "skip"
    top = browser.script("return document.activeElement.getBoundingClientRect().top")
    assert top >= 0
    browser.keys("\ue007")
    assert browser.script("return document.activeElement.id") == "main"

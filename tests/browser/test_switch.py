"""The page of the switch: live, and whole without scripts."""

import contextlib
from urllib.parse import urlsplit

import pytest
from selenium.common.exceptions import TimeoutException

from tests.browser.chromium import PHONE, Browser

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@pytest.fixture
def forwarding(browser: Browser) -> Browser:
    """A browser that sees frames pass; the first start compiles the switch's loops."""
    browser.open("/switch")
    for _ in range(5):  # a wait ends after a while, and compiling may take longer
        with contextlib.suppress(TimeoutException):
            browser.one("[data-port]")
    browser.until(lambda: _width(browser) > 0, "no frame passes")
    return browser


def _width(browser: Browser) -> float:
    width = browser.script(
        "return Math.max(0, ...[...document.querySelectorAll('[data-line]')]"
        ".map(line => Number(line.getAttribute('stroke-width'))))"
    )
    return float(width)


def _changed(browser: Browser, before: str) -> str:
    """Wait for other figures than those before, and return them."""
    browser.until(lambda: browser.text(".live-part") != before, "the figures stand still")
    return browser.text(".live-part")


def test_the_figures_change_and_what_is_looked_at_stays(forwarding: Browser) -> None:
    browser = forwarding
    browser.script("window.known = document.querySelector('[data-port-row] th')")
    browser.script("window.getSelection().selectAllChildren(window.known)")
    browser.focus("[aria-labelledby=counters-heading][role=region]")
    first = _changed(browser, browser.text(".live-part"))
    _changed(browser, first)
    assert browser.script("return window.known.isConnected")
    assert browser.script("return String(window.getSelection())").strip()
    assert browser.script("return document.activeElement.getAttribute('role')") == "region"
    assert browser.one("[data-live-state]").get_attribute("data-live-state") == "recording"


def test_guests_are_at_the_left_and_uplinks_at_the_right(forwarding: Browser) -> None:
    places = forwarding.script("""
        const picture = document.querySelector('.switch-picture').getBoundingClientRect();
        return [...document.querySelectorAll('[data-port]')].map(box => {
            const edge = box.querySelector('.port-frame').getBoundingClientRect();
            const left = edge.left + edge.width / 2 < picture.left + picture.width / 2;
            return [box.dataset.port, left];
        });
    """)
    assert dict(places) == {"web": True, "batch": True, "network": False}


def test_colours_are_those_of_the_timeline(forwarding: Browser) -> None:
    browser = forwarding
    colour = "return getComputedStyle(document.querySelector(arguments[0])).stroke"
    on_switch = browser.script(colour, "[data-port=web] .port-line")
    place = sorted(["web", "batch", "network"]).index("web")
    line = f"[data-series='switch.rx'] polyline.slot-{place}"

    def drawn() -> bool:
        browser.scripts(allowed=False)
        browser.open("/runs")
        rolling = browser.one("tr.rolling a").get_attribute("href")
        browser.open(urlsplit(rolling or "").path)
        browser.scripts(allowed=True)
        return bool(browser.all(line))

    browser.until(drawn, "the run has no line of the switch")
    assert browser.script(colour, line) == on_switch


def test_it_reads_without_scripts(forwarding: Browser) -> None:
    browser = forwarding
    browser.look(PHONE)
    browser.scripts(allowed=False)
    browser.open("/switch")
    assert len(browser.all("[data-port]")) == 3
    assert len(browser.all("[data-port-row]")) == 3
    assert "reuse" in browser.text("[aria-labelledby=grants-heading] tbody")


def test_the_bench_has_a_place(forwarding: Browser) -> None:
    assert "riostat switch bench" in forwarding.text("#bench")


def test_the_switch_stands_in_the_navigation(forwarding: Browser) -> None:
    forwarding.open("/")
    forwarding.one("nav a[href='/switch']")
    assert "b/s" in forwarding.text("[data-glance=switch]")

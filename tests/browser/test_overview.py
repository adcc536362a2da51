"""The overview: what the machine does now, and recording from the page."""

import pytest

from tests.browser.chromium import Browser
from tests.browser.served import ServedConsole

pytestmark = pytest.mark.browser


def _profiled(browser: Browser) -> None:
    browser.one("[data-rows=processes] tr th")


def test_the_live_figures_change(browser: Browser) -> None:
    browser.open("/")
    browser.one("[data-strip-bars] rect")
    before = browser.text("[data-live]")
    browser.until(lambda: browser.text("[data-live]") != before, "the live figures stand still")
    assert browser.one("[data-live-state]").get_attribute("data-live-state") == "recording"


def test_every_live_row_names_a_domain_with_a_colour(browser: Browser) -> None:
    browser.open("/")
    _profiled(browser)
    names = browser.script(
        "return [...document.querySelectorAll('[data-rows] .domain-name')].map(n => n.textContent)"
    )
    assert "host" in names
    bars = browser.script(
        "return [...document.querySelectorAll('[data-rows] .bar')].map(b => b.className.baseVal)"
    )
    assert bars
    assert all("slot-" in name for name in bars)


def test_shares_of_the_domains_add_up(browser: Browser) -> None:
    browser.open("/")
    _profiled(browser)
    shares = browser.script(
        "return [...document.querySelectorAll('[data-rows=domains] [data-field=share]')]"
        ".map(cell => parseFloat(cell.textContent))"
    )
    assert sum(shares) == pytest.approx(100, abs=0.1 * len(shares))


def test_what_is_missing_has_a_remedy(browser: Browser) -> None:
    browser.open("/")
    items = browser.all(".missing > div")
    remedies = browser.all(".missing .remedy")
    assert len(items) == len(remedies)
    assert items or "Nothing" in browser.text("[aria-labelledby=missing-heading]")


def test_recording_from_the_page_yields_a_run(browser: Browser) -> None:
    browser.open("/")
    seconds = browser.one("[data-record] [name=seconds]")
    seconds.clear()
    seconds.send_keys("1")
    browser.one("[data-record] button").click()
    run = browser.one("[data-recorded]").get_attribute("data-recorded")
    assert run is not None
    browser.open("/runs")
    browser.one(f"a[href='/runs/{run}']")


def test_recording_works_without_scripts(browser: Browser) -> None:
    browser.scripts(allowed=False)
    browser.open("/runs")
    seconds = browser.one("[data-record] [name=seconds]")
    seconds.clear()
    seconds.send_keys("1")
    browser.one("[data-record] button").click()
    browser.until(lambda: "/runs/" in browser.driver.current_url, "the recording led to no run")
    browser.one("h1.command")


def test_a_value_out_of_range_is_refused_with_a_sentence(browser: Browser) -> None:
    browser.open("/runs")
    browser.expect_error("400")
    browser.script("document.querySelector('[data-record]').noValidate = true")
    seconds = browser.one("[data-record] [name=seconds]")
    seconds.clear()
    seconds.send_keys("0")
    before = browser.text("[data-record-status]")
    browser.one("[data-record] button").click()
    browser.until(lambda: browser.text("[data-record-status]") != before, "nothing was said")
    assert browser.one("[data-record] button").is_enabled()


def test_the_overview_reads_without_scripts(browser: Browser, console: ServedConsole) -> None:
    browser.open("/")
    _profiled(browser)  # the live profile has seen something by now
    browser.scripts(allowed=False)
    browser.open("/")
    assert browser.all("[data-rows=processes] tr th")
    assert browser.all("[data-strip-bars] rect")
    assert browser.all(f"a[href='/runs/{console.runs[0]}']")

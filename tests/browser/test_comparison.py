"""Two runs, or two spans of one, side by side."""

import pytest

from tests.browser.chromium import Browser
from tests.browser.served import ServedConsole

pytestmark = pytest.mark.browser


def test_two_picked_runs_are_compared(browser: Browser, console: ServedConsole) -> None:
    before, after = console.runs
    browser.open("/runs")
    browser.one(f"[name=before_run][value='{before}']").click()
    browser.one(f"[name=after_run][value='{before}']").click()
    assert not browser.one("[data-pick] button").is_enabled()
    browser.one(f"[name=after_run][value='{after}']").click()
    browser.one("[data-pick] button").click()
    browser.until(lambda: browser.all(".data-diff tbody tr"), "no comparison")
    assert "beyond their error bars" in browser.text(".verdict")
    changes = browser.all(".forest-sure")
    assert changes, "hashing and compressing do not differ"


def test_significant_changes_come_first(browser: Browser, console: ServedConsole) -> None:
    before, after = console.runs
    browser.open(f"/diff?before={before}&after={after}&by=module")
    browser.one(".data-diff")
    sure = browser.script(
        "return [...document.querySelectorAll('.data-diff .forest')]"
        ".map(mark => mark.classList.contains('forest-sure'))"
    )
    assert sure == sorted(sure, reverse=True)


def test_a_and_b_change_places(browser: Browser, console: ServedConsole) -> None:
    before, after = console.runs
    browser.open(f"/diff?before={before}&after={after}@0..1&by=module")
    first = browser.text(".data-diff tbody tr:first-child .change")
    browser.one("[data-swap]").click()
    browser.until(lambda: f"before={after}" in browser.driver.current_url, "no swap")
    assert browser.one("[name=before_to]").get_property("value") == "1"
    second = browser.text(".data-diff tbody tr:first-child .change")
    assert {first[0], second[0]} == {"+", "\N{MINUS SIGN}"}


def test_spans_of_one_run_are_compared(browser: Browser, console: ServedConsole) -> None:
    run = console.runs[0]
    browser.open(f"/diff?before={run}@0..0.9&after={run}@1..1.9&by=domain")
    assert browser.all(".data-diff tbody tr")
    assert browser.one("[name=after_from]").get_property("value") == "1"


def test_the_form_alone_says_what_to_choose(browser: Browser) -> None:
    browser.open("/diff")
    browser.one("[name=before_run]")
    assert not browser.all(".data-diff")


def test_the_comparison_reads_without_scripts(browser: Browser, console: ServedConsole) -> None:
    browser.scripts(allowed=False)
    before, after = console.runs
    browser.open(f"/diff?before_run={before}&after_run={after}&by=module")
    assert browser.all(".butterfly-after")
    assert browser.all(".forest")

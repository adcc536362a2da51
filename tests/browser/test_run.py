"""The page of a run: span, timeline, treemap, flame graph, report, exports."""

from urllib.parse import parse_qs, urlsplit

import pytest
from selenium.webdriver.common.keys import Keys

from tests.browser.chromium import Browser
from tests.browser.served import ServedConsole

pytestmark = pytest.mark.browser


def _open(browser: Browser, console: ServedConsole, query: str = "") -> str:
    run = console.runs[1]
    browser.open(f"/runs/{run}{query}")
    browser.one(".timeline .u-over")
    browser.one("svg.treemap [tabindex='0']")
    browser.one("svg.flame [tabindex='0']")
    return run


def _query(browser: Browser) -> dict[str, list[str]]:
    return parse_qs(urlsplit(browser.driver.current_url).query)


def _value(browser: Browser, name: str) -> str:
    return str(browser.one(f"[data-span-form] [name={name}]").get_property("value"))


def _selected(browser: Browser) -> bool:
    return "whole run" not in browser.text("[data-part=head]")


def test_dragging_selects_a_span(browser: Browser, console: ServedConsole) -> None:
    _open(browser, console)
    browser.drag(browser.one(".timeline .u-over"), 0.25, 0.75)
    browser.until(lambda: _selected(browser), "the figures do not follow the span")
    length = float(browser.script("return document.getElementById('run').dataset.runEnd"))
    start, end = float(_value(browser, "from")), float(_value(browser, "to"))
    assert start == pytest.approx(length / 4, rel=0.05)
    assert end == pytest.approx(3 * length / 4, rel=0.05)
    assert _query(browser)["from"] == [_value(browser, "from")]
    browser.one("[data-whole]").click()
    browser.until(lambda: not _selected(browser), "the whole run does not come back")


def test_a_click_selects_nothing(browser: Browser, console: ServedConsole) -> None:
    _open(browser, console, "?from=0.5&to=1")
    browser.one(".timeline .u-over").click()
    assert _value(browser, "from") == "0.500"
    assert _value(browser, "to") == "1.000"


def test_the_number_fields_select_a_span(browser: Browser, console: ServedConsole) -> None:
    _open(browser, console)
    browser.one("[data-span-form] [name=from]").send_keys("0.5")
    browser.one("[data-span-form] [name=to]").send_keys("1", Keys.ENTER)
    browser.until(lambda: _selected(browser), "the figures do not follow the span")
    assert "0.500 \N{EN DASH} 1.000 s" in browser.text("[data-part=head]")
    assert not browser.one(".veil-before").get_property("hidden")


def test_arrow_keys_select_a_span(browser: Browser, console: ServedConsole) -> None:
    _open(browser, console)
    browser.focus("[data-timeline]")
    browser.keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ENTER)
    browser.until(lambda: _selected(browser), "the figures do not follow the span")
    assert float(_value(browser, "from")) > 0
    browser.keys(Keys.ESCAPE)
    browser.until(lambda: not _selected(browser), "the whole run does not come back")


def test_a_span_outside_the_run_is_refused(browser: Browser, console: ServedConsole) -> None:
    run = _open(browser, console)
    browser.expect_error("400")
    browser.script("document.querySelector('[data-span-form]').noValidate = true")
    browser.one("[data-span-form] [name=from]").send_keys("900")
    browser.one("[data-span-form] [name=to]").send_keys("800", Keys.ENTER)
    browser.until(lambda: "900" in browser.text("[data-span-hint]"), "no sentence says why")
    assert browser.driver.current_url.endswith(run)


def test_going_back_brings_the_whole_run_back(browser: Browser, console: ServedConsole) -> None:
    _open(browser, console)
    browser.drag(browser.one(".timeline .u-over"), 0.3, 0.6)
    browser.until(lambda: _selected(browser), "the figures do not follow the span")
    browser.driver.back()
    browser.until(lambda: not _selected(browser), "the whole run does not come back")
    browser.one("svg.flame")


def test_a_span_in_the_address_is_shown(browser: Browser, console: ServedConsole) -> None:
    _open(browser, console, "?from=0.5&to=1")
    assert _value(browser, "from") == "0.500"
    over = browser.one(".timeline .u-over").size["width"]
    length = float(browser.script("return document.getElementById('run').dataset.runEnd"))
    browser.until(lambda: browser.one(".veil-before").size["width"] > 0, "no span is shown")
    for veil, seconds in ((".veil-before", 0.5), (".veil-after", length - 1)):
        width = browser.one(veil).size["width"]
        assert width == pytest.approx(over * seconds / length, abs=0.02 * over)


def test_the_treemap_zooms_by_keyboard(browser: Browser, console: ServedConsole) -> None:
    _open(browser, console)
    first = browser.focus("svg.treemap [tabindex='0']")
    name = str(first.get_attribute("aria-label")).split(":")[0]
    browser.keys(Keys.ENTER)
    browser.until(lambda: browser.text(".figure-crumbs").endswith(name), "no zoom")
    assert browser.focused_label().startswith(
        f"{name} \N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK} "
    )
    browser.keys(Keys.ESCAPE)
    assert browser.text(".figure-crumbs") == "All"
    assert browser.focused_label().startswith(name)


def test_the_treemap_zooms_by_click(browser: Browser, console: ServedConsole) -> None:
    _open(browser, console)
    browser.one("svg.treemap .tile:last-child rect").click()
    browser.one(".figure-crumbs button").click()
    assert browser.text(".figure-crumbs") == "All"


def test_the_flame_graph_zooms_by_keyboard(browser: Browser, console: ServedConsole) -> None:
    _open(browser, console)
    browser.focus("svg.flame [tabindex='0']")
    assert browser.focused_label().startswith("all")
    browser.keys(Keys.ARROW_DOWN, Keys.ARROW_DOWN)
    label = browser.focused_label()
    browser.keys(Keys.ENTER)
    width = browser.script(
        "return document.activeElement.querySelector('rect').getAttribute('width')"
    )
    full = browser.script("return document.querySelector('svg.flame').getAttribute('width')")
    assert browser.focused_label() == label
    assert float(width) == pytest.approx(float(full), abs=1)
    browser.keys(Keys.ESCAPE, Keys.ESCAPE)
    assert browser.focused_label().startswith("all")


def test_the_flame_graph_finds_frames(browser: Browser, console: ServedConsole) -> None:
    _open(browser, console)
    browser.one("[data-flame] input").send_keys("python")
    browser.one(".frame.found")
    assert "matched" in browser.text("[data-flame] .figure-bar")


def test_the_report_groups_sorts_and_filters(browser: Browser, console: ServedConsole) -> None:
    _open(browser, console)
    for key in ("module", "symbol"):
        browser.one(f"[data-by-form] [value={key}]").click()
    browser.until(lambda: not browser.all("[data-sortable] .key-symbol"), "the groups stay")
    assert _query(browser)["by"] == ["domain", "process"]
    cells = "[data-sortable] tbody tr:not([hidden]) .key-process"
    names = f"return [...document.querySelectorAll('{cells}')].map(cell => cell.textContent)"
    browser.one("[data-sortable] th:nth-child(5) button").click()
    assert browser.script(names) == sorted(browser.script(names), key=str.casefold)
    browser.one("[data-filter] input").send_keys("python")
    assert browser.script(names)
    assert all("python" in name for name in browser.script(names))


def test_a_kept_span_is_compared_with_another(browser: Browser, console: ServedConsole) -> None:
    run = _open(browser, console, "?from=0&to=0.8")
    browser.one("[data-keep]").click()
    browser.open(f"/runs/{run}?from=1&to=1.8")
    link = browser.one("[data-compare]:not([hidden])")
    link.click()
    browser.until(lambda: browser.all(".data-diff tbody tr"), "no comparison")
    assert _query(browser)["before"] == [f"{run}@0.000..0.800"]


@pytest.mark.parametrize("place", range(4))
def test_exports_answer(browser: Browser, console: ServedConsole, place: int) -> None:
    _open(browser, console, "?from=0.5&to=1")
    href = browser.all("[data-part=exports] a")[place].get_property("href")
    status, size = browser.script(
        "const answer = await fetch(arguments[0]);"
        "return [answer.status, (await answer.text()).length]",
        href,
    )
    assert status == 200
    assert size > 100


def test_speedscope_opens_the_profile(browser: Browser, console: ServedConsole) -> None:
    _open(browser, console)
    href = str(browser.one("[data-speedscope]").get_property("href"))
    browser.driver.get(href)
    browser.until(
        lambda: "Sandwich" in browser.text("body") and browser.all("canvas"), "no speedscope"
    )
    assert "Something went wrong" not in browser.text("body")
    resources = browser.script("return performance.getEntriesByType('resource').map(e => e.name)")
    assert any("/api/runs/" in name for name in resources)
    assert all(name.startswith(console.origin) for name in resources)


def test_the_run_reads_without_scripts(browser: Browser, console: ServedConsole) -> None:
    browser.scripts(allowed=False)
    browser.open(f"/runs/{console.runs[1]}?from=0.5&to=1")
    for selector in (".area", ".selection", ".tile text", ".frame text", ".whisker", ".exports a"):
        assert browser.all(selector), selector
    browser.one("[data-span-form] [name=to]").send_keys(Keys.BACKSPACE, Keys.ENTER)
    browser.until(lambda: "to=1.00" in browser.driver.current_url, "the form did not go out")


def test_a_span_is_selected_on_what_the_ports_carried(browser: Browser) -> None:
    browser.open("/runs/latest")  # the rolling run, in which the switch and the store write too
    browser.one("[data-series='store.bytes'] .u-over")
    browser.drag(browser.one("[data-series='store.bytes'] .u-over"), 0.25, 0.75)
    browser.until(lambda: _selected(browser), "the figures do not follow the span")
    veils = browser.script(
        "return [...document.querySelectorAll('.veil-before')].map(v => v.offsetWidth)"
    )
    assert len(veils) >= 3
    assert max(veils) - min(veils) <= 1
    browser.focus("[data-series='store.busy']")
    browser.keys(Keys.ESCAPE)
    browser.until(lambda: not _selected(browser), "the whole run does not come back")


def test_charts_of_one_page_stand_in_line(browser: Browser) -> None:
    browser.open("/runs/latest")
    browser.one("[data-series='store.bytes'] .u-over")
    browser.one("[data-timeline] .u-over")
    edges = browser.script(
        "return [...document.querySelectorAll('.u-over')].map(over => {"
        " const edge = over.getBoundingClientRect(); return [edge.left, edge.right]; })"
    )
    assert len(edges) >= 3
    assert all(edge == pytest.approx(edges[0], abs=1) for edge in edges)


def test_a_run_that_is_recorded_says_so(browser: Browser) -> None:
    browser.open("/runs/latest")
    assert "recording" in browser.text(".subtitle")
    assert "cut short" not in browser.text(".subtitle")

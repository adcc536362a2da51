"""Without the token there is one page, and it says what to do."""

import pytest

from tests.browser.chromium import Browser
from tests.browser.served import ServedConsole

pytestmark = pytest.mark.browser


def test_the_token_opens_the_console(browser: Browser, console: ServedConsole) -> None:
    browser.command("Network.clearBrowserCookies")
    browser.expect_error("401")
    browser.open("/runs")
    assert browser.one("label[for=token]").is_displayed()
    colour = browser.script(
        "return getComputedStyle(document.querySelector('button')).backgroundColor"
    )
    assert colour == "rgb(23, 25, 28)", "the page's style was not allowed"
    browser.one("#token").send_keys(console.url.rpartition("=")[2])
    browser.one("button").click()
    browser.until(lambda: browser.all(".nav"), "the token does not open the console")
    assert "token" not in browser.driver.current_url


def test_a_wrong_token_does_not(browser: Browser) -> None:
    browser.command("Network.clearBrowserCookies")
    browser.expect_error("401")
    browser.open("/")
    browser.one("#token").send_keys("wrong")
    browser.one("button").click()
    browser.until(lambda: "token=wrong" in browser.driver.current_url, "nothing was sent")
    assert browser.one("#token").is_displayed()
    assert not browser.all(".nav")


def test_an_unknown_run_is_named_with_a_remedy(browser: Browser) -> None:
    browser.expect_error("404")
    browser.open("/runs/%3Cb%3Eno%3C%2Fb%3E")
    assert browser.text("h1") == "Not found"
    assert browser.all(".error-page b") == []
    assert "runs" in browser.text(".error-page h1 + p")

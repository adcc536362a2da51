"""Headless Chromium, driven by Selenium without anything that leaves the machine."""

import base64
import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from selenium.webdriver import ActionChains, Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

__all__ = ["DESKTOP", "PHONE", "Browser", "started_driver"]

DESKTOP = (1440, 900)
PHONE = (360, 780)

Found = TypeVar("Found")

_WAIT_S = 40
_ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--enable-unsafe-swiftshader",
    "--hide-scrollbars",
)
_WHAT_IS_SEVERE = "SEVERE"


@contextlib.contextmanager
def started_driver(chromium: str, driver: str, profile: Path) -> Iterator[Chrome]:
    """Start Chromium with a fresh profile in `profile`."""
    options = ChromeOptions()
    options.binary_location = chromium
    for argument in (*_ARGUMENTS, f"--user-data-dir={profile}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    started = Chrome(options=options, service=Service(driver))
    try:
        yield started
    finally:
        started.quit()


class Browser:
    """One window; every wait ends with an error after `_WAIT_S` seconds."""

    def __init__(self, driver: Chrome) -> None:
        self.driver = driver
        self.origin = ""
        self._expected: list[str] = []

    def sign_in(self, url: str) -> None:
        """Forget what was before, and open `url`, which holds the token."""
        self.command("Network.clearBrowserCookies")
        self.look(DESKTOP)
        self.scripts(allowed=True)
        self.driver.get(url)
        self.origin = self.script("return location.origin")
        self.script("localStorage.clear(); sessionStorage.clear()")
        self._expected = []
        self._messages()

    def open(self, path: str) -> None:
        """Load a page of the console."""
        self.driver.get(self.origin + path)

    def command(self, name: str, **parameters: object) -> dict[str, Any]:
        """Send a command of the DevTools protocol."""
        answer: dict[str, Any] = self.driver.execute_cdp_cmd(name, parameters)
        return answer

    def look(self, size: tuple[int, int], *, dark: bool = False) -> None:
        """Set the size of the window and the system's theme."""
        width, height = size
        self.command(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        theme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        still = {"name": "prefers-reduced-motion", "value": "reduce"}
        self.command("Emulation.setEmulatedMedia", features=[theme, still])

    def scripts(self, *, allowed: bool) -> None:
        """Let pages run scripts, or not."""
        self.command("Emulation.setScriptExecutionDisabled", value=not allowed)

    def script(self, code: str, *arguments: object) -> Any:
        """Run code in the page."""
        return self.driver.execute_script(code, *arguments)

    def one(self, selector: str) -> WebElement:
        """Wait for an element that is in the page."""
        return self.until(lambda: next(iter(self.all(selector)), None), f"no {selector}")

    def all(self, selector: str) -> list[WebElement]:
        """Return the elements that are in the page now."""
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def text(self, selector: str) -> str:
        """Return the text of an element, also of one out of sight."""
        return " ".join(str(self.one(selector).get_property("textContent")).split())

    def until(self, condition: Callable[[], Found | None], otherwise: str) -> Found:
        """Wait until a condition gives something, and return that."""
        wait = WebDriverWait(self.driver, _WAIT_S, poll_frequency=0.05)
        found = wait.until(lambda _: condition() or False, otherwise)
        assert found
        return found

    def keys(self, *keys: str) -> None:
        """Press keys, one after the other, in whatever has the focus."""
        actions = ActionChains(self.driver)
        for key in keys:
            actions.send_keys(key)
        actions.perform()

    def drag(self, element: WebElement, start: float, end: float) -> None:
        """Drag across an element, between two fractions of its width."""
        width, middle = element.size["width"], element.size["width"] / 2
        actions = ActionChains(self.driver, duration=50)
        actions.move_to_element_with_offset(element, round(start * width - middle), 0)
        actions.click_and_hold()
        actions.move_by_offset(round((end - start) * width / 2), 3)
        actions.move_by_offset(round((end - start) * width / 2), 0)
        actions.release().perform()

    def focus(self, selector: str) -> WebElement:
        """Give the focus to an element."""
        element = self.one(selector)
        self.script("arguments[0].focus()", element)
        return element

    def focused_label(self) -> str:
        """Return the accessible label of what has the focus."""
        label: str = self.script("return document.activeElement.getAttribute('aria-label') ?? ''")
        return label

    def expect_error(self, part: str) -> None:
        """Say that the browser's log will have an error that contains `part`."""
        self._expected.append(part)

    def errors(self) -> list[str]:
        """Return what the browser logged as errors, without those that were expected."""
        return [
            message
            for level, message in self._messages()
            if level == _WHAT_IS_SEVERE and not any(part in message for part in self._expected)
        ]

    def _messages(self) -> list[tuple[str, str]]:
        entries = self.driver.get_log("browser")  # type: ignore[no-untyped-call]  # selenium's own has no types
        return [(entry["level"], entry["message"]) for entry in entries]

    def picture(self, path: Path, height: int | None = None) -> None:
        """Write a PNG of the page from its top, as tall as it is or as asked."""
        size = self.command("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": height or size["height"]}
        answer = self.command(
            "Page.captureScreenshot", captureBeyondViewport=True, clip=clip | {"scale": 1}
        )
        path.write_bytes(base64.b64decode(answer["data"]))

"""The page of the store: a film plays from it, and nothing that was put into it runs."""

import pytest
from selenium.webdriver.common.keys import Keys

from riostat.store.store import Store
from tests.browser.chromium import Browser
from tests.browser.served import ServedConsole

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

PLAYED = """
    const [player, done] = [document.querySelector('video'), arguments[arguments.length - 1]];
    player.muted = true;
    player.currentTime = 6;
    player.play().catch(error => done(String(error)));
    player.addEventListener('timeupdate', () => player.currentTime > 6.4 && done('played'));
"""


@pytest.fixture
def served(browser: Browser) -> Browser:
    browser.open("/store")
    browser.one("[data-disk]")
    browser.open("/store")
    browser.one("[data-object='riostat.mp4']")
    return browser


def test_a_film_plays_from_its_middle(served: Browser) -> None:
    served.driver.set_script_timeout(60)
    assert served.driver.execute_async_script(PLAYED) == "played"
    width = served.script("return document.querySelector('video').videoWidth")
    assert width == 640


def test_what_is_looked_at_is_not_disturbed(served: Browser) -> None:
    field = served.focus("[name=prefix]")
    field.send_keys("rio")
    before = served.text(".live-part")
    served.until(lambda: served.text(".live-part") != before, "the figures stand still")
    assert field.get_property("value") == "rio"
    field.send_keys(Keys.ENTER)
    served.one("[data-object='riostat.mp4']")


def test_nothing_that_was_put_in_runs(served: Browser, console: ServedConsole) -> None:
    page = b"<!doctype html><title>quiet</title><script>document.title = 'pwned'</script>"
    picture = (
        b"<svg xmlns='http://www.w3.org/2000/svg' onload=\"document.title='pwned'\">"
        b"<script>document.title = 'pwned'</script></svg>"
    )
    kinds = {"page.html": ("text/html", page), "picture.svg": ("image/svg+xml", picture)}
    kinds["page.txt"] = ("text/plain", page)
    with Store.open(console.store) as store:
        for key, (kind, content) in kinds.items():
            with store.put("media", key, content_type=kind) as upload:
                upload.write(content)
                upload.commit()
    served.expect_error("favicon")  # a page without an origin may have none
    for key in kinds:
        served.open(f"/store?bucket=media&key={key}")
        served.one("#player")
        served.open(f"/objects?bucket=media&key={key}")
        assert "pwned" not in served.driver.title
        served.open("/store")
        served.script(
            "const frame = document.createElement('iframe'); frame.src = arguments[0];"
            "document.body.append(frame)",
            f"/objects?bucket=media&key={key}",
        )
        served.expect_error("frame-ancestors")
        assert "pwned" not in served.driver.title


def test_keys_are_not_shown_and_their_place_is(served: Browser, console: ServedConsole) -> None:
    text = served.text("main")
    assert str(console.store / "credentials") in text
    secret = (console.store / "credentials").read_text().split("=")[-1].strip()
    assert secret
    assert secret not in served.driver.page_source


def test_it_reads_without_scripts(served: Browser) -> None:
    served.scripts(allowed=False)
    served.open("/store")
    assert len(served.all("[data-disk]")) == 4
    assert served.all("[data-object='riostat.mp4'] a")
    assert served.all("video[controls]")

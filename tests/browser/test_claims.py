"""Claims in a browser: measured by a button, read as a picture."""

import pytest

from tests.browser.chromium import Browser

pytestmark = pytest.mark.browser

CLAIM = "rio1997-replication"


def test_a_claim_is_measured_by_its_button(browser: Browser) -> None:
    browser.open("/claims")
    browser.one(f"#{CLAIM} button[value=quick]").click()
    browser.until(
        lambda: bool(browser.all(f"#{CLAIM} .claim-plot")) and not browser.all("progress"),
        "the claim came to no verdict",
    )
    assert "it holds if" in browser.text(f"#{CLAIM}")
    label = browser.one(f"#{CLAIM} .claim-plot").get_attribute("aria-label")
    assert label is not None
    assert "the claim holds if" in label
    browser.one(f"#{CLAIM} summary").click()
    assert "equal disks" in browser.text(f"#{CLAIM} details")

"""Forms that pages send, and what is none."""

import pytest

from tests.console.serving import RunningConsole

CLAIMS = "/claims"


@pytest.mark.parametrize(
    ("body", "kind", "status", "word"),
    [
        (b"{}", "application/json", 415, "must be a form"),
        (b"claim=%ff", "application/x-www-form-urlencoded", 404, "no claim"),
        (b"extent=quick", "application/x-www-form-urlencoded", 400, "cannot be read"),
        (b"claim=a&other=b", "application/x-www-form-urlencoded", 400, "cannot be read"),
        (b"&".join([b"a=b"] * 20), "application/x-www-form-urlencoded", 400, "cannot be read"),
        (b"\xff\xfe", "application/x-www-form-urlencoded", 400, "cannot be read"),
    ],
)
def test_what_is_no_form_of_ours_is_one_sentence(
    console: RunningConsole, body: bytes, kind: str, status: int, word: str
) -> None:
    with console.client() as client:
        answer = client.post(
            CLAIMS, content=body, headers={"content-type": kind}, follow_redirects=False
        )
    assert answer.status_code == status
    assert word in answer.text

"""What a request says, taken apart."""

import pytest

from riostat.store.s3.refusals import S3Error
from tests.store.s3.requests import request_of


@pytest.mark.parametrize(
    ("target", "bucket", "key"),
    [
        ("/", "", ""),
        ("/b", "b", ""),
        ("/b/", "b", ""),
        ("/b/k", "b", "k"),
        ("/b//k/", "b", "/k/"),
        ("/b/a%20b%2Fc+d", "b", "a b/c+d"),
        ("/b/%C3%A4", "b", "\u00e4"),
    ],
)
def test_addresses(target: str, bucket: str, key: str) -> None:
    request = request_of("GET", target)
    assert (request.bucket, request.key) == (bucket, key)


def test_parameters_and_headers() -> None:
    request = request_of("GET", "/b?a=1&b&a=2&c=%20", x_y="v", range="bytes=0-")
    assert request.parameters == {"a": "1", "b": "", "c": " "}
    assert (request.header("x-y"), request.header("x-z")) == ("v", None)
    assert request.header_names == ["x-y", "range"]


@pytest.mark.parametrize(("text", "value"), [("", 7), ("5", 5), ("99999", 1000)])
def test_numbers(text: str, value: int) -> None:
    assert request_of("GET", f"/b?n={text}").number("n", 7, most=1000) == value


@pytest.mark.parametrize("text", ["-1", "x", "1.0", "%D9%A1", "12345678901"])
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(S3Error, match="not a whole number"):
        request_of("GET", f"/b?n={text}").number("n", 7, most=1000)


def test_what_is_no_utf8_is_refused() -> None:
    with pytest.raises(S3Error):
        request_of("GET", "/b/%ff")
    with pytest.raises(S3Error):
        _ = request_of("GET", "/b?a=%ff").parameters

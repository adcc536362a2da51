"""Who may pass: the owner, and everybody where the server was told so."""

import pytest

from riostat.core.clock import SYSTEM_CLOCK
from riostat.store.s3.access import Access
from riostat.store.s3.refusals import S3Error
from riostat.store.s3.signatures import Credentials
from tests.store.s3.requests import request_of

ACCESS = Access(
    Credentials("KEY", "secret"), public_buckets=frozenset({"open"}), clock=SYSTEM_CLOCK
)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_what_is_open_is_read_by_everybody(method: str) -> None:
    request = request_of(method, "/open/film", host="x")
    ACCESS.admit(request)
    assert request.signed is None


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "/open"),
        ("GET", "/open/film?response-content-type=a"),
        ("PUT", "/open/film"),
        ("DELETE", "/open/film"),
        ("POST", "/open/film"),
        ("GET", "/shut/film"),
        ("GET", "/"),
        ("GET", "/Open/film"),
        ("GET", "/%2E%2E/open/film"),
    ],
)
def test_all_else_needs_a_signature(method: str, target: str) -> None:
    with pytest.raises(S3Error) as error:
        ACCESS.admit(request_of(method, target, host="x"))
    assert error.value.code == "AccessDenied"


def test_a_wrong_signature_does_not_fall_back_to_what_is_open() -> None:
    with pytest.raises(S3Error) as error:
        ACCESS.admit(request_of("GET", "/open/film", host="x", authorization="AWS4-HMAC-SHA256 x"))
    assert error.value.code == "AuthorizationHeaderMalformed"

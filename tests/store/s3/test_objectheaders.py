"""What is kept of the headers of a PUT, and what is refused."""

import pytest

from riostat.store.s3.objectheaders import etag_condition, object_headers
from riostat.store.s3.refusals import S3Error
from tests.store.s3.requests import request_of


def test_what_is_kept() -> None:
    kept = object_headers(
        request_of(
            "PUT",
            "/b/k",
            content_type="video/mp4",
            content_encoding="aws-chunked, gzip",
            cache_control="no-cache",
            x_amz_meta_a="1",
            x_amz_acl="private",
            x_amz_storage_class="STANDARD",
            authorization="secret",
        )
    )
    assert kept.content_type == "video/mp4"
    assert kept.metadata == {
        "cache-control": "no-cache",
        "content-encoding": "gzip",
        "x-amz-meta-a": "1",
    }
    assert object_headers(request_of("PUT", "/b/k")).content_type == "binary/octet-stream"


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"x_amz_acl": "public-read"}, "NotImplemented"),
        ({"x_amz_server_side_encryption": "AES256"}, "NotImplemented"),
        ({"x_amz_meta_a": "a\x85b"}, "InvalidArgument"),
        ({"content_type": "a\x01"}, "InvalidArgument"),
        ({"x_amz_meta_a": "a" * 9000}, "MetadataTooLarge"),
    ],
)
def test_what_is_refused(headers: dict[str, str], code: str) -> None:
    with pytest.raises(S3Error) as error:
        object_headers(request_of("PUT", "/b/k", None, **headers))
    assert error.value.code == code


@pytest.mark.parametrize(
    ("text", "etag"), [('"abc"', "abc"), ("abc", "abc"), ("*", "*"), (' W/"abc"', "abc")]
)
def test_conditions(text: str, etag: str) -> None:
    assert etag_condition(request_of("PUT", "/b/k", if_match=text), "if-match") == etag
    assert etag_condition(request_of("PUT", "/b/k"), "if-match") is None

"""Names that S3 allows, and those that it does not."""

import pytest

from riostat.store.s3.names import checked_bucket, checked_key
from riostat.store.s3.refusals import S3Error


@pytest.mark.parametrize("name", ["abc", "my.films-2026", "0a0", "a" * 63])
def test_good_buckets(name: str) -> None:
    assert checked_bucket(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "ab",
        "a" * 64,
        ".uploads",
        "a..b",
        "Films",
        "a_b",
        "-ab",
        "ab-",
        "192.168.0.1",
        "a/b",
        "abc\n",
    ],
)
def test_bad_buckets(name: str) -> None:
    with pytest.raises(S3Error) as refusal:
        checked_bucket(name)
    assert refusal.value.status == 400


def test_keys() -> None:
    for key in ("a", "/", "..", "a/../b", "\u00e9" * 512, "\n"):
        assert checked_key(key) == key
    for key in ("\u00e9" * 513, "a\0b"):
        with pytest.raises(S3Error):
            checked_key(key)

"""Names that buckets and keys may have."""

import pytest

from riostat.core.errors import StoreNameError
from riostat.store.objects import (
    Listing,
    ObjectVersion,
    check_bucket_name,
    check_key,
    check_tags,
)


@pytest.mark.parametrize("name", ["abc", "a.b-c", "0" * 63, ".uploads"])
def test_names_of_buckets(name: str) -> None:
    check_bucket_name(name)


@pytest.mark.parametrize("name", ["", "ab", "A" * 5, "-ab", "a_b", "a" * 64, "a/b", "abc\n"])
def test_what_is_no_name_of_a_bucket(name: str) -> None:
    with pytest.raises(StoreNameError):
        check_bucket_name(name)


@pytest.mark.parametrize("key", ["a", "../x", "ä" * 512, "a\nb", " "])
def test_keys(key: str) -> None:
    check_key(key)


@pytest.mark.parametrize("key", ["", "ä" * 513, "a\0b", "\ud800"])
def test_what_is_no_key(key: str) -> None:
    with pytest.raises(StoreNameError):
        check_key(key)


def test_metadata_has_a_bound() -> None:
    check_tags("text/plain", {"a": "b" * 1000})
    with pytest.raises(StoreNameError, match="at most 16384 bytes"):
        check_tags("text/plain", {"a": "b" * 16384})
    with pytest.raises(StoreNameError):
        check_tags("text/plain", {"a": "\ud800"})


def test_blocks_of_a_version() -> None:
    version = ObjectVersion("b", "k", "0" * 32, 250, "", "", {}, 0, 100, 1, -1)
    assert version.blocks == 3
    assert [version.block_length(n) for n in range(3)] == [100, 100, 50]
    assert not Listing((), (), None).truncated
    assert Listing((), (), "a").truncated

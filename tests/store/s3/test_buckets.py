"""Buckets, and what is listed of them, by boto3."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.store.s3.test_writing import code_of
from tests.store.serving import ServedStore

KEYS = sorted(
    [
        "a",
        "a/1",
        "a/2",
        "a/b/3",
        "b c",
        "b+d",
        "b%2F",
        "c&<>\"'",
        "c\u00e9",
        "\U0001f600",
        "z\x01",
        "z\r\n",
    ],
    key=str.encode,
)


@pytest.fixture(scope="module")
def filled(s3: Any, server: ServedStore) -> str:
    assert server.process.poll() is None
    s3.create_bucket(Bucket="listed")
    for key in KEYS:
        s3.put_object(Bucket="listed", Key=key, Body=key.encode())
    return "listed"


def test_every_key_comes_back_in_order(s3: Any, filled: str) -> None:
    found = s3.list_objects_v2(Bucket=filled)
    assert [item["Key"] for item in found["Contents"]] == KEYS
    assert found["KeyCount"] == len(KEYS)
    assert not found["IsTruncated"]


@pytest.mark.parametrize("operation", ["list_objects_v2", "list_objects"])
@pytest.mark.parametrize("size", [1, 2, 5])
def test_pages_add_up(s3: Any, filled: str, operation: str, size: int) -> None:
    pages = s3.get_paginator(operation).paginate(Bucket=filled, PaginationConfig={"PageSize": size})
    assert [item["Key"] for page in pages for item in page["Contents"]] == KEYS


@pytest.mark.parametrize("size", [1, 2, 1000])
def test_a_delimiter_folds_keys(s3: Any, filled: str, size: int) -> None:
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=filled, Delimiter="/", Prefix="a", PaginationConfig={"PageSize": size}
    )
    keys, prefixes = [], []
    for page in pages:
        keys += [item["Key"] for item in page.get("Contents", [])]
        prefixes += [item["Prefix"] for item in page.get("CommonPrefixes", [])]
    assert (keys, prefixes) == (["a"], ["a/"])


def test_listing_begins_after_a_key(s3: Any, filled: str) -> None:
    found = s3.list_objects_v2(Bucket=filled, StartAfter="b c", MaxKeys=2)
    assert [item["Key"] for item in found["Contents"]] == KEYS[KEYS.index("b c") + 1 :][:2]
    assert s3.list_objects_v2(Bucket=filled, Prefix="none")["KeyCount"] == 0


def test_a_token_of_others_is_refused(s3: Any, filled: str) -> None:
    with pytest.raises(ClientError) as error:
        s3.list_objects_v2(Bucket=filled, ContinuationToken="not hex")
    assert code_of(error) == "InvalidArgument"


def test_buckets_are_made_once_and_removed_empty(s3: Any) -> None:
    s3.create_bucket(Bucket="made")
    with pytest.raises(ClientError) as error:
        s3.create_bucket(Bucket="made")
    assert code_of(error) == "BucketAlreadyOwnedByYou"
    assert "made" in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    assert s3.get_bucket_location(Bucket="made")["LocationConstraint"] is None
    assert "Status" not in s3.get_bucket_versioning(Bucket="made")
    s3.put_object(Bucket="made", Key="k", Body=b"")
    with pytest.raises(ClientError) as error:
        s3.delete_bucket(Bucket="made")
    assert code_of(error) == "BucketNotEmpty"
    s3.delete_object(Bucket="made", Key="k")
    s3.delete_bucket(Bucket="made")
    with pytest.raises(ClientError) as error:
        s3.head_bucket(Bucket="made")
    assert code_of(error) == "404"
    for act in (s3.delete_bucket, s3.list_objects_v2, s3.list_objects):
        with pytest.raises(ClientError) as error:
            act(Bucket="made")
        assert code_of(error) == "NoSuchBucket"


@pytest.mark.parametrize(
    "operation", ["get_bucket_acl", "get_bucket_policy", "list_object_versions"]
)
def test_what_buckets_do_not_have_is_said(s3: Any, filled: str, operation: str) -> None:
    with pytest.raises(ClientError) as error:
        getattr(s3, operation)(Bucket=filled)
    assert code_of(error) == "NotImplemented"


def test_buckets_of_the_store_itself_are_out_of_reach(s3: Any) -> None:
    with pytest.raises(ClientError) as error:
        s3.list_objects_v2(Bucket=".uploads")
    assert code_of(error) == "InvalidBucketName"

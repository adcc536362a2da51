"""One served store for the tests of its protocol."""

import contextlib
import zlib
from collections.abc import Iterator
from typing import Any

import pytest

from tests.store.serving import ServedStore, made_store, serving


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedStore]:
    """A server of a fresh store, which must have nothing to complain of at the end."""
    root = made_store(tmp_path_factory.mktemp("served"))
    with serving(root, "--public-read=open") as served:
        yield served
        assert served.end() == 0
    assert served.errors.read_text() == "The store is no longer served.\n"


@pytest.fixture(scope="module")
def s3(server: ServedStore) -> Iterator[Any]:
    """A client of boto3."""
    with contextlib.closing(server.client()) as client:
        yield client


@pytest.fixture
def bucket(s3: Any, request: pytest.FixtureRequest) -> Iterator[str]:
    """A bucket of the test's own, emptied and removed at the end."""
    name = f"b{zlib.crc32(request.node.name.encode()):08x}"
    s3.create_bucket(Bucket=name)
    yield name
    while keys := [item["Key"] for item in s3.list_objects_v2(Bucket=name).get("Contents", [])]:
        s3.delete_objects(Bucket=name, Delete={"Objects": [{"Key": key} for key in keys]})
    s3.delete_bucket(Bucket=name)

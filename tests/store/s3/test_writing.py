"""Objects go in and come out the same, by boto3, and nothing half-sent is ever visible."""

import base64
import contextlib
import hashlib
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from riostat.store.s3.checksums import ChecksumMaker
from tests.store.serving import ServedStore, client_of, made_store, serving


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    code: str = error.value.response["Error"]["Code"]
    return code


def digest(data: bytes) -> str:
    return hashlib.md5(data).hexdigest()


def test_a_hundred_objects_come_back_the_same(s3: Any, bucket: str) -> None:
    draw = random.Random(1)
    sizes = [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3 << 20]
    contents = {
        f"dir/{n:03d} \u00e9+%2F": draw.randbytes(sizes[n] if n < len(sizes) else n * 997)
        for n in range(100)
    }

    def put(item: tuple[str, bytes]) -> str:
        etag: str = s3.put_object(Bucket=bucket, Key=item[0], Body=item[1])["ETag"]
        return etag.strip('"')

    def get(key: str) -> str:
        with contextlib.closing(s3.get_object(Bucket=bucket, Key=key)["Body"]) as body:
            return digest(body.read())

    expected = {key: digest(data) for key, data in contents.items()}
    with ThreadPoolExecutor(8) as threads:
        assert dict(zip(contents, threads.map(put, contents.items()), strict=True)) == expected
        assert dict(zip(contents, threads.map(get, contents), strict=True)) == expected


def test_metadata_and_headers_are_kept(s3: Any, bucket: str) -> None:
    given = {
        "ContentType": "video/mp4",
        "CacheControl": "max-age=60",
        "ContentDisposition": 'attachment; filename="a b.mp4"',
        "ContentLanguage": "de",
    }
    s3.put_object(
        Bucket=bucket, Key="k", Body=b"x", Metadata={"a": "1", "b-c": "two  words"}, **given
    )
    head = s3.head_object(Bucket=bucket, Key="k")
    assert {name: head[name] for name in given} == given
    assert head["Metadata"] == {"a": "1", "b-c": "two  words"}
    assert head["ContentLength"] == 1
    assert "ContentEncoding" not in head  # aws-chunked was the body's, not the object's


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
def test_checksums_in_trailers_are_kept_and_given_back(
    s3: Any, bucket: str, algorithm: str
) -> None:
    put = s3.put_object(Bucket=bucket, Key="k", Body=b"abc" * 1000, ChecksumAlgorithm=algorithm)
    got = s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    with contextlib.closing(got["Body"]) as body:
        assert body.read() == b"abc" * 1000
    name = f"Checksum{algorithm}"
    assert put[name] == got[name]


@pytest.mark.parametrize("name", ["crc32c", "crc64nvme", "crc32", "sha256"])
def test_checksums_in_heads_are_compared(s3: Any, bucket: str, name: str, tmp_path: Path) -> None:
    checksum = ChecksumMaker(tmp_path).make(name)
    checksum.update(memoryview(b"right"))
    value = base64.b64encode(checksum.digest()).decode()
    parameter = {f"Checksum{name.upper()}": value}
    s3.put_object(Bucket=bucket, Key="k", Body=b"right", **parameter)
    with pytest.raises(ClientError) as error:
        s3.put_object(Bucket=bucket, Key="k", Body=b"wrong", **parameter)
    assert code_of(error) == "BadDigest"
    assert s3.head_object(Bucket=bucket, Key="k")["ETag"] == f'"{digest(b"right")}"'


def test_a_wrong_md5_is_refused(s3: Any, bucket: str) -> None:
    md5 = base64.b64encode(hashlib.md5(b"other").digest()).decode()
    with pytest.raises(ClientError) as error:
        s3.put_object(Bucket=bucket, Key="k", Body=b"this", ContentMD5=md5)
    assert code_of(error) == "BadDigest"
    with pytest.raises(ClientError) as error:
        s3.put_object(Bucket=bucket, Key="k", Body=b"this", ContentMD5="x")
    assert code_of(error) == "InvalidDigest"
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


def test_writing_on_condition(s3: Any, bucket: str) -> None:
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"1", IfNoneMatch="*")["ETag"]
    with pytest.raises(ClientError) as error:
        s3.put_object(Bucket=bucket, Key="k", Body=b"2", IfNoneMatch="*")
    assert code_of(error) == "PreconditionFailed"
    s3.put_object(Bucket=bucket, Key="k", Body=b"3", IfMatch=etag)
    with pytest.raises(ClientError) as error:
        s3.put_object(Bucket=bucket, Key="k", Body=b"4", IfMatch=etag)
    assert code_of(error) == "PreconditionFailed"
    assert s3.head_object(Bucket=bucket, Key="k")["ETag"] == f'"{digest(b"3")}"'


def test_copies(s3: Any, bucket: str) -> None:
    data = bytes(range(256)) * 9000
    s3.put_object(
        Bucket=bucket, Key="a b/\u00e4", Body=data, Metadata={"n": "1"}, ContentType="x/y"
    )
    source = {"Bucket": bucket, "Key": "a b/\u00e4"}
    s3.copy_object(Bucket=bucket, Key="same", CopySource=source)
    s3.copy_object(
        Bucket=bucket,
        Key="other",
        CopySource=source,
        MetadataDirective="REPLACE",
        Metadata={"m": "2"},
    )
    for key, metadata, kind in (
        ("same", {"n": "1"}, "x/y"),
        ("other", {"m": "2"}, "binary/octet-stream"),
    ):
        got = s3.get_object(Bucket=bucket, Key=key)
        with contextlib.closing(got["Body"]) as body:
            assert body.read() == data
        assert (got["Metadata"], got["ContentType"]) == (metadata, kind)
    with pytest.raises(ClientError) as error:
        s3.copy_object(Bucket=bucket, Key="x", CopySource={"Bucket": bucket, "Key": "none"})
    assert code_of(error) == "NoSuchKey"
    with pytest.raises(ClientError) as error:
        s3.copy_object(Bucket=bucket, Key="x", CopySource=source, CopySourceIfMatch="other")
    assert code_of(error) == "PreconditionFailed"


def test_deleting(s3: Any, bucket: str) -> None:
    for key in ("a", "b", "c"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    s3.delete_object(Bucket=bucket, Key="a")
    s3.delete_object(Bucket=bucket, Key="a")
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "b"}, {"Key": "never"}]})
    assert [item["Key"] for item in answer["Deleted"]] == ["b", "never"]
    assert [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["c"]
    with pytest.raises(ClientError) as error:
        s3.get_object(Bucket=bucket, Key="a")
    assert code_of(error) == "NoSuchKey"


def test_a_wrong_secret_changes_nothing(server: ServedStore, s3: Any, bucket: str) -> None:
    wrong = type(server.credentials)(server.credentials.access_key, "x" * 40)
    with contextlib.closing(client_of(server.address, wrong)) as client:
        with pytest.raises(ClientError) as error:
            client.put_object(Bucket=bucket, Key="k", Body=b"x" * (2 << 20))
        assert code_of(error) == "SignatureDoesNotMatch"
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


@pytest.mark.parametrize(
    "parameters",
    [
        {"ACL": "public-read"},
        {"ServerSideEncryption": "aws:kms"},
        {"Tagging": "a=b"},
        {"StorageClass": "GLACIER"},
        {"ObjectLockMode": "GOVERNANCE"},
    ],
)
def test_what_is_not_done_is_refused(s3: Any, bucket: str, parameters: dict[str, str]) -> None:
    with pytest.raises(ClientError) as error:
        s3.put_object(Bucket=bucket, Key="k", Body=b"x", **parameters)
    assert code_of(error) == "NotImplemented"


def test_a_full_store_says_so_and_keeps_what_it_has(tmp_path: Path) -> None:
    root = made_store(tmp_path, disks=2, disk_bytes=12 << 20)
    with serving(root) as full, contextlib.closing(full.client()) as client:
        client.create_bucket(Bucket="films")
        client.put_object(Bucket="films", Key="kept", Body=b"kept" * 1000)
        with pytest.raises(ClientError) as error:
            client.put_object(Bucket="films", Key="large", Body=bytes(64 << 20))
        assert code_of(error) == "StorageFull"
        assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 507
        keys = [item["Key"] for item in client.list_objects_v2(Bucket="films")["Contents"]]
        assert keys == ["kept"]
        # What the failed upload held is free again.
        client.put_object(Bucket="films", Key="next", Body=bytes(6 << 20))

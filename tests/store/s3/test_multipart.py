"""Uploads in parts, by boto3: put together right, and until then invisible."""

import contextlib
import hashlib
import random
from pathlib import Path
from typing import Any

import pytest
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from tests.store.s3.test_writing import code_of
from tests.store.serving import made_store, serving

PART = 5 << 20
PARTS = TransferConfig(multipart_threshold=PART, multipart_chunksize=PART)


def body_of(client: Any, bucket: str, key: str) -> bytes:
    with contextlib.closing(client.get_object(Bucket=bucket, Key=key)["Body"]) as body:
        data: bytes = body.read()
        return data


def test_a_file_goes_in_parts_and_comes_back(s3: Any, bucket: str, tmp_path: Path) -> None:
    data = random.Random(2).randbytes(2 * PART + 12345)
    (tmp_path / "in").write_bytes(data)
    extra = {"Metadata": {"n": "1"}, "ContentType": "video/mp4"}
    s3.upload_file(str(tmp_path / "in"), bucket, "film", Config=PARTS, ExtraArgs=extra)
    s3.download_file(bucket, "film", str(tmp_path / "out"), Config=PARTS)
    assert (tmp_path / "out").read_bytes() == data
    head = s3.head_object(Bucket=bucket, Key="film")
    pieces = [data[at : at + PART] for at in range(0, len(data), PART)]
    digests = b"".join(hashlib.md5(piece).digest() for piece in pieces)
    assert head["ETag"] == f'"{hashlib.md5(digests).hexdigest()}-3"'
    assert (head["Metadata"], head["ContentType"]) == ({"n": "1"}, "video/mp4")
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)


def begin(client: Any, bucket: str, key: str) -> dict[str, str]:
    identity = client.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
    return {"Bucket": bucket, "Key": key, "UploadId": identity}


def test_parts_may_come_in_any_order_and_again(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"before")
    upload = begin(s3, bucket, "k")
    last = s3.upload_part(**upload, PartNumber=9, Body=b"end")["ETag"]
    s3.upload_part(**upload, PartNumber=2, Body=bytes(PART))
    first = s3.upload_part(**upload, PartNumber=2, Body=b"\1" * PART)["ETag"]
    listed = s3.list_parts(**upload, MaxParts=1)
    assert [(part["PartNumber"], part["Size"]) for part in listed["Parts"]] == [(2, PART)]
    listed = s3.list_parts(**upload, PartNumberMarker=listed["NextPartNumberMarker"])
    assert [(part["PartNumber"], part["ETag"]) for part in listed["Parts"]] == [(9, last)]
    uploads = s3.list_multipart_uploads(Bucket=bucket)["Uploads"]
    assert [(item["Key"], item["UploadId"]) for item in uploads] == [("k", upload["UploadId"])]
    assert body_of(s3, bucket, "k") == b"before"
    parts = [{"PartNumber": 2, "ETag": first}, {"PartNumber": 9, "ETag": last}]
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    assert body_of(s3, bucket, "k") == b"\1" * PART + b"end"


def test_wrong_completions_leave_the_upload_as_it_was(s3: Any, bucket: str) -> None:
    upload = begin(s3, bucket, "k")
    one = {"PartNumber": 1, "ETag": s3.upload_part(**upload, PartNumber=1, Body=b"1")["ETag"]}
    two = {"PartNumber": 2, "ETag": s3.upload_part(**upload, PartNumber=2, Body=b"2")["ETag"]}
    for parts, code in (
        ([one, two], "EntityTooSmall"),
        ([two, one], "InvalidPartOrder"),
        ([one | {"ETag": two["ETag"]}], "InvalidPart"),
        ([{"PartNumber": 3, "ETag": one["ETag"]}], "InvalidPart"),
        ([one | {"ChecksumCRC32": "AAAAAA=="}], "InvalidPart"),
    ):
        with pytest.raises(ClientError) as error:
            s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
        assert code_of(error) == code
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [two]})
    assert body_of(s3, bucket, "k") == b"2"


def test_an_aborted_upload_is_gone(s3: Any, bucket: str) -> None:
    upload = begin(s3, bucket, "k")
    s3.upload_part(**upload, PartNumber=1, Body=b"1")
    with pytest.raises(ClientError) as error:
        s3.upload_part(**upload | {"Key": "other"}, PartNumber=1, Body=b"1")
    assert code_of(error) == "NoSuchUpload"
    s3.abort_multipart_upload(**upload)
    parts = {"Parts": [{"PartNumber": 1, "ETag": "x"}]}
    for operation, more in (
        ("upload_part", {"PartNumber": 1, "Body": b"1"}),
        ("list_parts", {}),
        ("abort_multipart_upload", {}),
        ("complete_multipart_upload", {"MultipartUpload": parts}),
    ):
        with pytest.raises(ClientError) as error:
            getattr(s3, operation)(**upload, **more)
        assert code_of(error) == "NoSuchUpload"


def test_parts_can_be_copied(s3: Any, bucket: str) -> None:
    data = random.Random(3).randbytes(PART + 4000)
    s3.put_object(Bucket=bucket, Key="source", Body=data)
    upload = begin(s3, bucket, "k")
    source = {"Bucket": bucket, "Key": "source"}
    etags = [
        s3.upload_part_copy(**upload, PartNumber=number, CopySource=source, CopySourceRange=span)[
            "CopyPartResult"
        ]["ETag"]
        for number, span in ((1, f"bytes=1000-{PART + 1999}"), (2, "bytes=0-9"))
    ]
    parts = [{"PartNumber": n, "ETag": etag} for n, etag in enumerate(etags, 1)]
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    assert body_of(s3, bucket, "k") == data[1000 : PART + 2000] + data[:10]


def test_an_upload_outlives_the_server(tmp_path: Path) -> None:
    root = made_store(tmp_path)
    with serving(root) as first, contextlib.closing(first.client()) as client:
        client.create_bucket(Bucket="films")
        upload = begin(client, "films", "k")
        etag = client.upload_part(**upload, PartNumber=1, Body=b"part")["ETag"]
    with serving(root) as second, contextlib.closing(second.client()) as client:
        parts = {"Parts": [{"PartNumber": 1, "ETag": etag}]}
        client.complete_multipart_upload(**upload, MultipartUpload=parts)
        assert body_of(client, "films", "k") == b"part"
        assert [bucket["Name"] for bucket in client.list_buckets()["Buckets"]] == ["films"]

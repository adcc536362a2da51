"""The XML of S3: written so that any parser reads it, read so that no document does harm."""

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riostat.store.s3.documents import (
    CompletedPart,
    Deletion,
    Node,
    document,
    iso_time,
    read_completion,
    read_deletion,
)
from riostat.store.s3.refusals import S3Error

NAMESPACE = "{http://s3.amazonaws.com/doc/2006-03-01/}"
_texts = st.text(st.characters(codec="utf-8"), max_size=30)


@given(_texts)
def test_what_is_written_is_read_by_another_parser(text: str) -> None:
    written = document("List", [("Count", 3), ("More", False), ("Contents", [("Key", text)])])
    root = ET.fromstring(written)
    assert root.tag == f"{NAMESPACE}List"
    assert root.findtext(f"{NAMESPACE}Count") == "3"
    assert root.findtext(f"{NAMESPACE}More") == "false"
    key = root.findtext(f"{NAMESPACE}Contents/{NAMESPACE}Key")
    assert key is not None
    assert len(key) == len(text)
    assert all(a in (b, "\ufffd") for a, b in zip(key, text, strict=True))


def test_times_are_in_milliseconds() -> None:
    assert iso_time(1_369_353_600_123_999_999) == "2013-05-24T00:00:00.123Z"


_keys = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1)


@given(st.lists(_keys, min_size=1, max_size=9))
def test_deletions_are_read(keys: list[str]) -> None:
    children: list[Node] = [("Object", (("Key", key),)) for key in keys]
    assert read_deletion(document("Delete", children)) == Deletion(keys, quiet=False)
    quiet = document("Delete", [("Quiet", True), *children], namespace=False)
    assert read_deletion(quiet) == Deletion(keys, quiet=True)


def test_completions_are_read() -> None:
    part: list[Node] = [("ETag", '"abc"'), ("ChecksumCRC32", "AAAAAA=="), ("PartNumber", 2)]
    written = document("CompleteMultipartUpload", [("Part", part)])
    assert read_completion(written) == [CompletedPart(2, "abc", {"crc32": "AAAAAA=="})]


LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;">]>
<Delete><Object><Key>&lol2;</Key></Object></Delete>"""
OUTSIDE = b"""<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]>
<Delete><Object><Key>&x;</Key></Object></Delete>"""


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<Delete/>",
        b"<Delete>",
        b"<Other><Object><Key>a</Key></Object></Other>",
        b"<Delete><Object/></Delete>",
        b"<Delete><Object><Key>a</Key><Key>b</Key></Object></Delete>",
        b"<Delete><Object><Key><b/></Key></Object></Delete>",
        b"<Delete><Object><Key>\xff</Key></Object></Delete>",
        b"<Delete>" + b"<Object><Key>a</Key></Object>" * 1001 + b"</Delete>",
        b"<a>" * 20 + b"</a>" * 20,
        b"<Delete>" + b"<a/>" * 90_000 + b"</Delete>",
        b"<Delete>" + b" " * (5 << 20) + b"</Delete>",
        LAUGHS,
        OUTSIDE,
    ],
)
def test_hostile_documents_are_refused(data: bytes) -> None:
    with pytest.raises(S3Error) as refusal:
        read_deletion(data)
    assert refusal.value.code == "MalformedXML"


@given(st.binary(max_size=60) | _texts.map(str.encode))
def test_whatever_arrives_is_refused(data: bytes) -> None:
    for read in (read_deletion, read_completion):
        with pytest.raises(S3Error):
            read(data)


def test_versions_are_not_kept() -> None:
    item: list[Node] = [("Key", "a"), ("VersionId", "3")]
    with pytest.raises(S3Error) as refusal:
        read_deletion(document("Delete", [("Object", item)]))
    assert refusal.value.code == "NotImplemented"


@pytest.mark.parametrize("number", ["", "-1", "1.5", "123456", "\u0662"])
def test_odd_part_numbers_are_refused(number: str) -> None:
    part: list[Node] = [("ETag", "a"), ("PartNumber", number)]
    with pytest.raises(S3Error):
        read_completion(document("CompleteMultipartUpload", [("Part", part)]))

"""Manifests: round trips, and what is no manifest."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riostat.core.errors import StoreFormatError
from riostat.store.manifests import MANIFEST_BYTES, Manifest, decode_manifest, encode_manifest

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=60)
MANIFESTS = st.builds(
    Manifest,
    bucket=st.sampled_from(["", "bucket"]),
    key=TEXT.filter(bool),
    version=st.uuids().map(lambda uuid: uuid.hex),
    sequence=st.integers(0, (1 << 63) - 1),
    size=st.integers(0, (1 << 62) - 1),
    etag=TEXT,
    content_type=TEXT,
    metadata=st.dictionaries(TEXT, TEXT, max_size=5),
    modified_ns=st.integers(0, (1 << 63) - 1),
    inline=st.just(value=False),
)


@given(MANIFESTS)
def test_round_trip(manifest: Manifest) -> None:
    encoded = encode_manifest(manifest)
    assert decode_manifest(encoded, version=manifest.version) == (manifest, len(encoded))
    with pytest.raises(StoreFormatError, match="contradict"):
        decode_manifest(encoded, version="0" * 32)


def manifest(*, size: int = 3, inline: bool = True) -> Manifest:
    return Manifest(
        bucket="bucket",
        key="key",
        version="ab" * 16,
        sequence=1,
        size=size,
        etag="e",
        content_type="t",
        metadata={"a": "b"},
        modified_ns=2,
        inline=inline,
    )


def test_content_lies_behind_it() -> None:
    encoded = encode_manifest(manifest())
    found, start = decode_manifest(encoded + b"abc", version="ab" * 16)
    assert found.inline
    assert (encoded + b"abc")[start:] == b"abc"
    with pytest.raises(StoreFormatError):
        decode_manifest(encoded + b"abcd", version="ab" * 16)


def test_the_largest_names_fit() -> None:
    large = Manifest(
        "a" * 63, "ä" * 512, "0" * 32, 1 << 62, 1 << 61, "e" * 100, "t" * 1024,
        {"n": "v" * 16383}, 1 << 62, inline=False,
    )  # fmt: skip
    assert len(encode_manifest(large)) <= MANIFEST_BYTES


def test_hostile_manifests_are_refused_or_sound() -> None:
    chance = random.Random(3)
    encoded = encode_manifest(manifest(inline=False))
    refused = 0
    for _ in range(10_000):
        changed = bytearray(encoded)
        for _ in range(chance.randrange(1, 4)):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        try:
            found, end = decode_manifest(bytes(changed), version="ab" * 16)
        except StoreFormatError:
            refused += 1
        else:
            assert 0 <= found.size < 1 << 62
            assert end <= len(changed)
    assert refused

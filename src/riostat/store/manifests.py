"""The manifest: what a disk keeps of an object version, so that metadata can be made anew.

It lies in slots of its own on two disks and is written when all data of the version is on its
disks, so that whoever finds a manifest finds all blocks. Blocks are found by the headers of their
slots, which is why a manifest need not change when a block is moved. The content of a small
object lies behind its manifest in the same slot.
"""

import struct

import msgspec

from riostat.core.errors import StoreFormatError, StoreNameError
from riostat.store.objects import check_bucket_name, check_key, check_tags

__all__ = ["MANIFEST_BYTES", "Manifest", "decode_manifest", "encode_manifest"]

MANIFEST_BYTES = 32 << 10
"""Most bytes that a manifest has, with its length before it."""

_LENGTH = struct.Struct("<I")
_ETAG_BYTES = 100


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One version of one object; of two versions of a key the one with the higher sequence counts.

    A bucket is itself an object, of the bucket with no name.
    """

    bucket: str
    key: str
    version: str
    sequence: int
    size: int
    etag: str
    content_type: str
    metadata: dict[str, str]
    modified_ns: int
    inline: bool


def encode_manifest(manifest: Manifest) -> bytes:
    """Return what stands at the beginning of a manifest's slot; inline content goes behind it."""
    encoded = msgspec.msgpack.encode(manifest)
    assert _LENGTH.size + len(encoded) <= MANIFEST_BYTES
    return _LENGTH.pack(len(encoded)) + encoded


def decode_manifest(payload: bytes | memoryview, *, version: str) -> tuple[Manifest, int]:
    """Return the manifest in a slot's payload, and where in it inline content begins.

    Raises `StoreFormatError` where it is none, or one of another version.
    """
    if len(payload) < _LENGTH.size:
        raise _foreign("it is empty")
    (length,) = _LENGTH.unpack_from(payload)
    end = _LENGTH.size + length
    if end > min(len(payload), MANIFEST_BYTES):
        raise _foreign(f"it says that it has {length} bytes")
    try:
        manifest = msgspec.msgpack.decode(payload[_LENGTH.size : end], type=Manifest)
        check_key(manifest.key)
        check_tags(manifest.content_type, manifest.metadata)
        if manifest.bucket:
            check_bucket_name(manifest.bucket)
    except (msgspec.MsgspecError, UnicodeDecodeError, StoreNameError) as error:
        raise _foreign("its fields are not those of a manifest") from error
    if (
        manifest.version != version
        or not 0 <= manifest.sequence < 1 << 63
        or not 0 <= manifest.size < 1 << 62
        or not 0 <= manifest.modified_ns < 1 << 63
        or len(manifest.etag) > _ETAG_BYTES
        or (manifest.inline and len(payload) != end + manifest.size)
    ):
        raise _foreign("its fields contradict one another")
    return manifest, end


def _foreign(why: str) -> StoreFormatError:
    return StoreFormatError(
        f"A manifest cannot be used: {why}; `riostat store scrub` repairs what has a copy."
    )

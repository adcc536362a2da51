"""What the store keeps: buckets and versions of objects."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from riostat.core.errors import StoreNameError
from riostat.core.text import printable

__all__ = ["Bucket", "Listing", "ObjectVersion", "check_bucket_name", "check_key", "check_tags"]

_BUCKET = re.compile(r"[a-z0-9.][a-z0-9.-]{2,62}")
_KEY_BYTES = 1024
_TAG_BYTES = 16 << 10
_TYPE_BYTES = 1024


@dataclass(frozen=True, slots=True)
class Bucket:
    """A name space of keys; `created_ns` counts from 1970, UTC."""

    name: str
    created_ns: int


@dataclass(frozen=True, slots=True)
class ObjectVersion:
    """One content that a key had from one moment on; it never changes, another takes its place.

    `version` is 32 hexadecimal digits, `etag` the MD5 of the content or what the writer said,
    `blocks` how many blocks of `block_bytes` it has, of which the last may be shorter. Where a
    small content lies behind the manifest, in the manifest's own slots, `inline` is where it
    begins, and -1 elsewhere.
    """

    bucket: str
    key: str
    version: str
    size: int
    etag: str
    content_type: str
    metadata: Mapping[str, str]
    modified_ns: int
    block_bytes: int
    sequence: int
    inline: int

    @property
    def blocks(self) -> int:
        """How many blocks the content has."""
        return -(-self.size // self.block_bytes)

    def block_length(self, index: int) -> int:
        """Return how many bytes a block has."""
        assert 0 <= index < self.blocks, index
        return min(self.block_bytes, self.size - index * self.block_bytes)


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of a bucket: objects, and what their keys have in common up to a delimiter.

    Where it is `truncated` the next page is the one after `next_after`.
    """

    objects: tuple[ObjectVersion, ...]
    prefixes: tuple[str, ...]
    next_after: str | None

    @property
    def truncated(self) -> bool:
        """Tell whether there is more."""
        return self.next_after is not None


def check_bucket_name(name: str) -> None:
    """Raise `StoreNameError` for what cannot be a bucket's name."""
    if not _BUCKET.fullmatch(name):
        raise StoreNameError(
            f"A bucket cannot be called {printable(name)!r}; names have 3 to 63 lower-case "
            "letters, digits, dots and hyphens."
        )


def check_key(key: str) -> None:
    """Raise `StoreNameError` for what cannot be a key."""
    if not 0 < _utf8_bytes(key) <= _KEY_BYTES or "\0" in key:
        raise StoreNameError(
            f"The key {printable(key[:80])!r} cannot be; keys are 1 to {_KEY_BYTES} bytes of "
            "UTF-8 without NUL."
        )


def check_tags(content_type: str, metadata: Mapping[str, str]) -> None:
    """Raise `StoreNameError` for a content type or metadata too large to be kept."""
    size = sum(_utf8_bytes(name) + _utf8_bytes(value) for name, value in metadata.items())
    if size > _TAG_BYTES or _utf8_bytes(content_type) > _TYPE_BYTES:
        raise StoreNameError(
            f"Metadata of {size} bytes cannot be kept with an object; it has at most "
            f"{_TAG_BYTES} bytes of UTF-8, and a content type at most {_TYPE_BYTES}."
        )


def _utf8_bytes(text: str) -> int:
    """Return the length of the UTF-8, one that is too long for anything with lone surrogates."""
    try:
        return len(text.encode())
    except UnicodeEncodeError:
        return 1 << 62

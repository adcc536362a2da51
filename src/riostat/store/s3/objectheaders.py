"""What a client says of an object in the headers of a PUT, and what of it is kept.

Headers that ask for what the store does not do are refused, so that nobody believes that it is
done.
"""

from dataclasses import dataclass

from riostat.core.text import printable
from riostat.store.s3.refusals import S3Error
from riostat.store.s3.request import Request

__all__ = ["DEFAULT_CONTENT_TYPE", "ObjectHeaders", "etag_condition", "object_headers"]

DEFAULT_CONTENT_TYPE = "binary/octet-stream"

_METADATA_PREFIX = "x-amz-meta-"
_METADATA_BYTES = 8 << 10
_KEPT = (
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "expires",
)
# Values that change nothing are what clients send when they are asked for nothing.
_HARMLESS = {
    "x-amz-acl": {"private", "bucket-owner-full-control"},
    "x-amz-storage-class": {"STANDARD"},
    "x-amz-server-side-encryption": set[str](),
    "x-amz-tagging": {""},
    "x-amz-website-redirect-location": set[str](),
    "x-amz-object-lock-mode": set[str](),
    "x-amz-object-lock-legal-hold": {"OFF"},
    "x-amz-server-side-encryption-customer-algorithm": set[str](),
}


@dataclass(frozen=True, slots=True)
class ObjectHeaders:
    """What is kept beside the content; `metadata` has headers by their lower-case names."""

    content_type: str
    metadata: dict[str, str]


def object_headers(request: Request) -> ObjectHeaders:
    """Return what the headers of a request say of its object; raises `S3Error`."""
    for name, harmless in _HARMLESS.items():
        value = request.header(name)
        if value is not None and value not in harmless:
            raise S3Error("NotImplemented", f"The store does nothing for {name}: {value[:60]!r}.")
    metadata = {}
    for name in request.header_names:
        value = request.header(name) or ""
        if name in _KEPT or name.startswith(_METADATA_PREFIX):
            metadata[name] = _checked(name, value)
    encodings = [word.strip() for word in metadata.pop("content-encoding", "").split(",")]
    kept = ",".join(word for word in encodings if word not in {"", "aws-chunked"})
    if kept:
        metadata["content-encoding"] = kept
    size = sum(len(name) + len(value) for name, value in metadata.items())
    if size > _METADATA_BYTES:
        raise S3Error("MetadataTooLarge", f"The metadata has {size} of {_METADATA_BYTES} bytes.")
    content_type = _checked("content-type", request.header("content-type") or "")
    return ObjectHeaders(content_type or DEFAULT_CONTENT_TYPE, metadata)


def _checked(name: str, value: str) -> str:
    if printable(value) != value:
        raise S3Error("InvalidArgument", f"The header {name} has control characters.")
    return value


def etag_condition(request: Request, name: str) -> str | None:
    """Return the ETag, or ``*``, that If-Match or If-None-Match of a PUT names."""
    value = request.header(name)
    return None if value is None else value.strip().removeprefix("W/").strip('"')

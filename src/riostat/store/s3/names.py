"""What buckets and objects may be called.

Source: "Bucket naming rules" and "Naming Amazon S3 objects" in the Amazon S3 user guide. Names
that begin with a dot are the store's own, and no client reaches them.
"""

import ipaddress
import re
from typing import Final

from riostat.store.s3.refusals import S3Error

__all__ = ["KEY_BYTES_MAX", "checked_bucket", "checked_key"]

KEY_BYTES_MAX: Final = 1024

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


def checked_bucket(name: str) -> str:
    """Return the name of a bucket, or refuse one that S3 does not allow."""
    if not _BUCKET.fullmatch(name) or ".." in name or _is_address(name):
        raise S3Error(
            "InvalidBucketName",
            f"{name[:100]!r} cannot name a bucket; use 3 to 63 lower-case letters, digits, "
            "hyphens and dots, beginning and ending with a letter or digit.",
        )
    return name


def _is_address(name: str) -> bool:
    try:
        ipaddress.IPv4Address(name)
    except ValueError:
        return False
    return True


def checked_key(key: str) -> str:
    """Return the key of an object, or refuse one that is too long or holds a NUL."""
    if len(key.encode()) > KEY_BYTES_MAX:
        raise S3Error("KeyTooLongError", f"The key is longer than {KEY_BYTES_MAX} bytes.")
    if "\0" in key:
        raise S3Error("InvalidArgument", "A key has no NUL bytes.")
    return key

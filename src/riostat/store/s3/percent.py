"""Percent-encoding as Signature Version 4 has it (RFC 3986, unreserved characters bare)."""

from urllib.parse import quote_from_bytes, unquote_to_bytes

from riostat.store.s3.refusals import S3Error

__all__ = ["decoded_text", "encoded", "encoded_path", "query_pairs"]

_PARAMETERS_MAX = 100


def encoded(value: bytes) -> str:
    """Return `value` with every byte but A-Z a-z 0-9 - . _ ~ as %XX."""
    return quote_from_bytes(value, safe="-._~")


def encoded_path(path: bytes) -> str:
    """Return a path's canonical form: decoded once and encoded again, with its slashes."""
    return quote_from_bytes(unquote_to_bytes(path), safe="/-._~") or "/"


def decoded_text(value: bytes) -> str:
    """Return what percent-encoded bytes say, or refuse what is not UTF-8."""
    try:
        return unquote_to_bytes(value).decode()
    except UnicodeDecodeError as error:
        raise S3Error("InvalidURI", "The address is not UTF-8; encode it so.") from error


def query_pairs(query: bytes) -> list[tuple[bytes, bytes]]:
    """Return the decoded parameters of a query, in its order; a plus sign is a space."""
    parts = [part for part in query.split(b"&") if part]
    if len(parts) > _PARAMETERS_MAX:
        raise S3Error(
            "InvalidURI", f"The query has {len(parts)} parameters; at most {_PARAMETERS_MAX} pass."
        )
    pairs = (part.replace(b"+", b" ").partition(b"=") for part in parts)
    return [(unquote_to_bytes(name), unquote_to_bytes(value)) for name, _, value in pairs]

"""Conditional requests (RFC 9110, section 13), and the dates of HTTP."""

import enum
import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

__all__ = ["Outcome", "evaluate", "http_date", "range_applies"]

_ETAGS = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')

HeaderOf = Callable[[str], str | None]


class Outcome(enum.Enum):
    """What the conditions of a request come to."""

    PROCEED = enum.auto()
    NOT_MODIFIED = enum.auto()
    FAILED = enum.auto()


def http_date(time_ns: int) -> str:
    """Return a time since 1970 as HTTP writes it, in whole seconds."""
    return format_datetime(datetime.fromtimestamp(time_ns // 1_000_000_000, UTC), usegmt=True)


def evaluate(header: HeaderOf, *, etag: str, modified_ns: int) -> Outcome:
    """Return what a GET or HEAD comes to, in the order of section 13.2.2.

    `header` gives the value of a header by its lower-case name; `etag` has no quotes.
    """
    match, unmodified = header("if-match"), _seconds(header("if-unmodified-since"))
    modified_s = modified_ns // 1_000_000_000
    if match is not None:
        if not _lists(match, etag, weakly=False):
            return Outcome.FAILED
    elif unmodified is not None and modified_s > unmodified:
        return Outcome.FAILED
    none_match, since = header("if-none-match"), _seconds(header("if-modified-since"))
    if none_match is not None:
        if _lists(none_match, etag, weakly=True):
            return Outcome.NOT_MODIFIED
    elif since is not None and modified_s <= since:
        return Outcome.NOT_MODIFIED
    return Outcome.PROCEED


def range_applies(if_range: str | None, *, etag: str, modified_ns: int) -> bool:
    """Tell whether the Range header counts: without If-Range, or where that names this version."""
    if if_range is None:
        return True
    if if_range.lstrip().startswith(('"', "W/")):
        return if_range.strip() == f'"{etag}"'  # a strong comparison: a weak tag never matches
    return _seconds(if_range) == modified_ns // 1_000_000_000


def _lists(header: str, etag: str, *, weakly: bool) -> bool:
    """Tell whether a header lists the tag; clients of S3 may leave out the quotes."""
    tags = {tag for weak, tag in _ETAGS.findall(header) if weakly or not weak}
    return etag in tags or header.strip() in {"*", etag}


def _seconds(header: str | None) -> int | None:
    """Return an HTTP date in seconds since 1970; one that cannot be read is as if not there."""
    if header is None:
        return None
    try:
        moment = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.timestamp())

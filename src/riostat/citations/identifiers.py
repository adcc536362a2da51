"""Names of works: DOIs as they are written, in the one form in which they are compared."""

import re
from urllib.parse import unquote

__all__ = ["find_doi", "normal_doi"]

_DOI = re.compile(r"10\.\d{4,9}(?:\.\d+)*/[^\s\"<>{}|\\^`\x00-\x1f]+", re.IGNORECASE)
_TRAILING = ".,;:'\"*"
_LENGTH_MAX = 512
_PAIRS = ((")", "("), ("]", "["))


def normal_doi(text: str | None) -> str | None:
    """Return a DOI in lower case without resolver or prefix, or None if `text` is not one.

    A DOI is case-insensitive (DOI Handbook, 2.4).
    """
    found = find_doi(text)
    if found is None or text is None:
        return None
    head = unquote(text).strip().lower().partition("10.")[0]
    return found if head.rpartition("/")[2] in {"", "doi:", "doi: ", "doi "} else None


def find_doi(text: str | None) -> str | None:
    """Return the first DOI that stands anywhere in `text`, normalised, or None."""
    if not text or "10." not in text:
        return None
    match = _DOI.search(unquote(text) if "%" in text else text)
    if match is None or len(match[0]) > _LENGTH_MAX:
        return None
    doi = match[0].lower()
    while doi:
        stripped = doi.rstrip(_TRAILING)
        for closing, opening in _PAIRS:
            if stripped.endswith(closing) and stripped.count(closing) > stripped.count(opening):
                stripped = stripped[:-1]
        if stripped == doi:
            break
        doi = stripped
    return doi if not doi.endswith("/") else None

"""A citing sentence as the classifier reads it: citation markers hidden, words in lower case.

Who is cited must not tell how: the target's marker becomes one sign, every other marker another,
so that the model learns from rhetoric and not from names, years or reference numbers. Digits
become one sign for the same reason.
"""

import re
from collections.abc import Iterable

__all__ = ["MASKS", "OTHER", "TARGET", "mask", "words"]

TARGET = "\ue000"
"""Stands for the citation that is classified."""

OTHER = "\ue001"
"""Stands for any other citation."""

_SIGNS = re.compile("[\ue000\ue001]")
# [12], [3,4-6], [ 12 , 16-21 ]; and (Smith et al., 2004; Jones 1999a), (see Smith 2004).
_NUMERIC = re.compile(r"\[\s*\d{1,4}(?:\s*[-\u2010-\u2015,;]\s*\d{1,4}){0,40}\s*\]")
_AUTHOR_YEAR = re.compile(r"\([^()]{0,300}?\b(?:1[89]|20)\d\d[a-z]?\b[^()\n]{0,300}\)")
_IN_LIST = re.compile(r"\[[\s\d,;\-\u2010-\u2015]{0,80}\ue000[\s\d,;\-\u2010-\u2015\ue001]{0,80}\]")
_JOINT = r"[\s,;\-\u2010-\u2015]|and\b|&"
_GROUP = re.compile(
    rf"[\[(]?\s*[\ue000\ue001](?:(?:{_JOINT}){{0,4}}[\ue000\ue001]){{0,99}}\s*[\])]?"
)
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)?|\d+(?:[.,]\d+)*|[\ue000\ue001%<>=;:?()]")

MASKS = repr((_SIGNS, _NUMERIC, _AUTHOR_YEAR, _IN_LIST, _GROUP, _WORD))
"""Everything that a masked sentence hangs on, for the fingerprint of features."""


def mask(
    sentence: str, start: int | None, end: int | None, others: Iterable[tuple[int, int]] = ()
) -> str:
    """Return the sentence with `TARGET` for its target and `OTHER` for other citations.

    `start` and `end` are code points of the target's marker, `others` those of markers that are
    known; further ones are found by their form. Offsets outside the sentence are ignored: they
    may come from anywhere. A group such as [3,7] that holds the target is all target.
    """
    text = _SIGNS.sub(" ", sentence)
    target = (0, 0) if start is None or end is None else (start, end)
    spans = [
        (left, right, OTHER) for left, right in others if right <= target[0] or left >= target[1]
    ]
    spans.append((*target, TARGET))
    free = len(text)
    # From the right, so that offsets further left stay right; of two that overlap, one is hidden.
    for left, right, sign in sorted(spans, reverse=True):
        if 0 <= left < right <= free:
            text = f"{text[:left]} {sign} {text[right:]}"
            free = left
    text = _NUMERIC.sub(OTHER, _IN_LIST.sub(f" {TARGET} ", text))
    if "(" in text:
        text = _AUTHOR_YEAR.sub(_sign, text)
    return _GROUP.sub(_sign, text)


def words(masked: str) -> list[str]:
    """Return the words of a masked sentence in lower case, with `0` for every number."""
    return ["0" if word[0].isdigit() else word for word in _WORD.findall(masked.lower())]


def _sign(match: re.Match[str]) -> str:
    return f" {TARGET if TARGET in match[0] else OTHER} "

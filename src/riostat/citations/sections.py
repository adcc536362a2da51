"""Which part of a paper a paragraph stands in, by the headings above it."""

import re
from collections.abc import Sequence

__all__ = ["SECTIONS", "section_of"]

SECTIONS = (
    "abstract",
    "introduction",
    "related-work",
    "methods",
    "results",
    "results-discussion",
    "discussion",
    "conclusion",
    "other",
)

# The values of JATS `sec-type` that publishers use, by how they begin.
_TYPES = (
    ("intro", "introduction"),
    ("background", "introduction"),
    ("literature", "related-work"),
    ("method", "methods"),
    ("material", "methods"),
    ("subjects", "methods"),
    ("cases", "results"),
    ("result", "results"),
    ("discuss", "discussion"),
    ("conclu", "conclusion"),
)
_HEADINGS = tuple(
    (name, re.compile(pattern, re.IGNORECASE))
    for name, pattern in (
        (
            "results",
            r"\b(results?|findings?|observations?|evaluation|case (report|presentation))\b",
        ),
        ("discussion", r"\b(discussion|interpretation|limitations?|implications?|comment)\b"),
        (
            "related-work",
            r"\b(related works?|prior work|previous work|literature|state of the art)\b",
        ),
        (
            "methods",
            r"\b(methods?|methodology|materials?|procedures?|experimental|participants|statistical)\b",
        ),
        (
            "methods",
            r"\b(implementation|data (collection|analysis|sources?)|study (design|area))\b",
        ),
        ("conclusion", r"\b(conclusions?|conclude|concluding|summary|outlook|perspectives?)\b"),
        ("introduction", r"\b(introduction|background|overview|motivation|statement of need)\b"),
    )
)


def section_of(headings: Sequence[str], types: Sequence[str]) -> str:
    """Return one of `SECTIONS` for a paragraph below these headings, the outermost first.

    `types` are the kinds that the file itself gives to the same sections, empty where it gives
    none. The outermost that says something decides, and there the heading before the type: PLOS
    gives discussions the type ``conclusions``.
    """
    if "abstract" in types:
        return "abstract"
    for heading, kind in zip(headings, types, strict=True):
        if name := _by_heading(heading) or _by_type(kind.lower()):
            return name
    return "other"


def _by_type(kind: str) -> str | None:
    if not kind:
        return None
    names = {
        name
        for part in re.split(r"[|,; ]+", kind)
        for stem, name in _TYPES
        if part.startswith(stem)
    }
    return _joined(names)


def _by_heading(heading: str) -> str | None:
    names = list(dict.fromkeys(name for name, pattern in _HEADINGS if pattern.search(heading)))
    return _joined({*names[:2]} if {*names[:2]} == {"results", "discussion"} else {*names[:1]})


def _joined(names: set[str]) -> str | None:
    if {"results", "discussion"} <= names:
        return "results-discussion"
    return min(names, key=SECTIONS.index) if names else None

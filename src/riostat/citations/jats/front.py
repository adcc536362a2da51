"""The front matter of a JATS article: its names, authors, journal, year and licence."""

import re
from dataclasses import dataclass
from typing import Any, Literal

from riostat.citations.documents import Notice
from riostat.citations.identifiers import find_doi, normal_doi
from riostat.citations.jats.text import text_of

__all__ = ["Front", "read_front", "year_of"]

_HREF = "{http://www.w3.org/1999/xlink}href"
_YEAR = re.compile(r"(?<!\d)(1[5-9]\d\d|20\d\d)(?!\d)")
_AUTHORS_MAX = 5000
_LICENCE_CHARACTERS_MAX = 300
_TITLE_CHARACTERS_MAX = 2000
# The values of `related-article-type` by which an article speaks of the one that it is about.
_NOTICES: dict[str, Literal["retraction", "correction", "concern"]] = {
    "retracted-article": "retraction",
    "partial-retraction": "retraction",
    "corrected-article": "correction",
    "object-of-concern": "concern",
    "concurrent-pub-of-concern": "concern",
}


@dataclass(frozen=True, slots=True)
class Front:
    """What an article says of itself."""

    doi: str | None
    title: str
    year: int | None
    journal: str
    authors: tuple[str, ...]
    licence: str
    notices: tuple[Notice, ...]


def read_front(root: Any) -> Front:
    """Return the front matter of an <article> without a namespace; what is not there is empty."""
    meta = root.find("./front/article-meta")
    journal = root.find("./front/journal-meta")
    if meta is None:
        return Front(None, "", None, "", (), "", ())
    title = text_of(meta.find("./title-group/article-title")) or text_of(meta.find("article-title"))
    return Front(
        doi=_doi(meta),
        title=title[:_TITLE_CHARACTERS_MAX],
        year=_year(meta),
        journal=_journal(journal),
        authors=tuple(_authors(meta)),
        licence=_licence(meta),
        notices=tuple(_notices(meta, root.get("article-type") or "")),
    )


def year_of(text: str) -> int | None:
    """Return the first year of print that stands in `text`."""
    match = _YEAR.search(text)
    return int(match[1]) if match else None


def _doi(meta: Any) -> str | None:
    for element in meta.iterfind("article-id"):
        if element.get("pub-id-type") == "doi" and (doi := normal_doi(text_of(element))):
            return doi
    return None


def _year(meta: Any) -> int | None:
    years = [
        year for date in meta.iterfind("pub-date") if (year := year_of(text_of(date.find("year"))))
    ]
    return min(years, default=None)


def _journal(meta: Any) -> str:
    if meta is None:
        return ""
    return text_of(next(meta.iter("journal-title"), None))[:_TITLE_CHARACTERS_MAX]


def _authors(meta: Any) -> list[str]:
    found: list[str] = []
    for group in meta.iterfind("contrib-group"):
        for contributor in group.iterfind("contrib"):
            if contributor.get("contrib-type", "author") != "author":
                continue
            surname = text_of(contributor.find(".//surname"))
            given = text_of(contributor.find(".//given-names"))
            name = f"{surname}, {given}" if surname and given else surname
            name = name or text_of(contributor.find(".//collab"))
            if name and len(found) < _AUTHORS_MAX:
                found.append(name[:200])
    return found


def _licence(meta: Any) -> str:
    for element in meta.iter("license"):
        for link in (element, *element.iter("{*}license_ref", "ext-link", "uri")):
            for target in (link.get(_HREF), link.text):
                if target and "creativecommons.org/" in target:
                    return " ".join(target.split())[:_LICENCE_CHARACTERS_MAX]
        return text_of(element)[:_LICENCE_CHARACTERS_MAX]
    return ""


def _notices(meta: Any, kind: str) -> list[Notice]:
    found = []
    for element in meta.iterfind("related-article"):
        relation = element.get("related-article-type") or ""
        notice = _NOTICES.get(relation)
        if notice == "correction" and kind == "retraction":
            notice = "retraction"
        doi = find_doi(element.get(_HREF)) or find_doi(text_of(element))
        if notice is not None and doi is not None:
            found.append(Notice(notice, doi))
    return found

"""The lists of references of a JATS article."""

import re
from collections.abc import Iterator
from typing import Any

from riostat.citations.documents import Reference
from riostat.citations.identifiers import find_doi, normal_doi
from riostat.citations.jats.front import year_of
from riostat.citations.jats.text import text_of

__all__ = ["read_references"]

_HREF = "{http://www.w3.org/1999/xlink}href"
_CITATIONS = {"element-citation", "mixed-citation", "nlm-citation", "citation", "product"}
_TITLES = ("article-title", "chapter-title", "data-title", "part-title", "trans-title")
_LABEL_NUMBER = re.compile(r"[\s\[(]*(\d{1,5})[\s.\])]*")
_FIELD_CHARACTERS_MAX = 2000
_RAW_CHARACTERS_MAX = 4000


def read_references(part: Any) -> list[Reference]:
    """Return the references of an article or a sub-article without those of its sub-articles.

    They stand in the order of the file. A reference without an id gets one that no marker can
    name. Of several works under one label the first is kept, unless each has an id of its own.
    """
    elements = [ref for ref in part.iter("ref") if _part_of(ref) is part]
    labels = [_label_number(element) for element in elements]
    labelled = sum(label is not None for label in labels) * 2 > len(labels)
    found: dict[str, Reference] = {}
    for place, (element, label) in enumerate(zip(elements, labels, strict=True), start=1):
        number = label if labelled and label is not None else place
        for id_, citation in _citations(element, f"#{place}"):
            if id_ not in found:
                found[id_] = _reference(id_, number, citation, element)
    return list(found.values())


def _part_of(element: Any) -> Any:
    return next(element.iterancestors("sub-article", "response", "article"), None)


def _label_number(element: Any) -> int | None:
    label = element.find("label")
    if label is None:
        label = next(element.iter("label"), None)
    match = _LABEL_NUMBER.fullmatch(text_of(label))
    return int(match[1]) if match else None


def _citations(element: Any, otherwise: str) -> Iterator[tuple[str, Any]]:
    citations = [child for child in element.iter(*_CITATIONS) if child is not element]
    yield element.get("id") or otherwise, citations[0] if citations else element
    for citation in citations:
        if citation.get("id"):
            yield citation.get("id"), citation


def _reference(id_: str, number: int, citation: Any, element: Any) -> Reference:
    raw = text_of(citation)[:_RAW_CHARACTERS_MAX]
    source = text_of(citation.find(".//source"))
    title = next(filter(None, (text_of(citation.find(f".//{tag}")) for tag in _TITLES)), "")
    doi, pmid = _identifiers(element if citation.getparent() is element else citation, raw)
    author = citation.find(".//surname")
    if author is None:
        author = citation.find(".//collab")
    return Reference(
        id=id_,
        number=number,
        doi=doi,
        pmid=pmid,
        title=(title or source)[:_FIELD_CHARACTERS_MAX],
        author=text_of(author)[:_FIELD_CHARACTERS_MAX],
        year=year_of(text_of(citation.find(".//year"))) or year_of(raw),
        venue=source[:_FIELD_CHARACTERS_MAX] if title else "",
        raw=raw,
    )


def _identifiers(citation: Any, raw: str) -> tuple[str | None, str | None]:
    doi = pmid = None
    for element in citation.iter("pub-id", "object-id", "article-id"):
        kind = element.get("pub-id-type")
        text = text_of(element)
        if kind == "doi":
            doi = doi or normal_doi(text)
        elif kind == "pmid" and text.isascii() and text.isdigit():
            pmid = pmid or text
    if doi is None:
        for element in citation.iter("ext-link", "uri", "elocation-id", "comment"):
            doi = find_doi(element.get(_HREF)) or find_doi(text_of(element))
            if doi is not None:
                break
    return doi or find_doi(raw), pmid

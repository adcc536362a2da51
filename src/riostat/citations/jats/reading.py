"""A JATS file as a document: XML that is hostile until it is checked.

No entity is expanded, no DTD loaded, nothing fetched. What libxml2 refuses is refused here too, and
beyond that files are bounded in bytes, in markup and in depth, so that the tree of one stays below
a gigabyte whatever it says.
"""

from html.entities import html5
from typing import Any, TypeAlias

from lxml import etree

from riostat.citations.documents import Document
from riostat.citations.jats.body import read_paragraphs
from riostat.citations.jats.front import read_front
from riostat.citations.jats.references import read_references
from riostat.citations.markers import Numbering
from riostat.core.errors import DocumentError
from riostat.core.text import printable

__all__ = ["FILE_BYTES_MAX", "Element", "read_jats"]

Element: TypeAlias = Any

FILE_BYTES_MAX = 32 << 20
_MARKUP_MAX = 2_000_000  # tags and attributes; the longest articles have 300,000
_MESSAGE_CHARACTERS_MAX = 160


def read_jats(data: bytes, name: str) -> Document:
    """Return the document that a JATS file holds; `name` is for messages.

    Raises `DocumentError` where `data` is not XML, is not JATS, declares entities of its own, or is
    beyond the limits.
    """
    root = _article(_parse(data, name), name)
    front = read_front(root)
    parts = [root, *root.iter("sub-article", "response")]
    own = [read_references(part) for part in parts]
    references = {reference.id: reference for part in own for reference in part}
    numberings = {
        part: Numbering(references.values(), numbered=listed or own[0])
        for part, listed in zip(parts, own, strict=True)
    }
    paragraphs, dangling = read_paragraphs(numberings, name)
    return Document(
        doi=front.doi,
        title=front.title,
        year=front.year,
        journal=front.journal,
        authors=front.authors,
        licence=front.licence,
        kind=root.get("article-type") or "",
        references=tuple(references.values()),
        paragraphs=tuple(paragraphs),
        notices=front.notices,
        dangling=dangling,
    )


def _parse(data: bytes, name: str) -> Element:
    shown = printable(name)
    if len(data) > FILE_BYTES_MAX:
        raise DocumentError(
            f"The document {shown} has more than {FILE_BYTES_MAX >> 20} MiB; divide it or leave "
            "it out."
        )
    if data.count(b"<") + data.count(b"=") > _MARKUP_MAX:
        raise DocumentError(
            f"The document {shown} has more than {_MARKUP_MAX} tags and attributes; divide it or "
            "leave it out."
        )
    parser = etree.XMLParser(
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError, LookupError) as error:
        reason = printable(str(error))[:_MESSAGE_CHARACTERS_MAX]
        raise DocumentError(
            f"The document {shown} is not XML that can be read ({reason}); get it again from its "
            "publisher."
        ) from error
    subset = root.getroottree().docinfo.internalDTD
    if subset is not None and next(subset.iterentities(), None) is not None:
        raise DocumentError(
            f"The document {shown} declares entities of its own, which no article needs; get it "
            "again from its publisher."
        )
    _name_entities(root)
    return root


def _name_entities(root: Element) -> None:
    """Replace entities of a DTD that was not loaded by the characters that HTML has for them."""
    for entity in list(root.iter(etree.Entity)):
        character = html5.get(f"{entity.name};", "") + (entity.tail or "")
        parent, before = entity.getparent(), entity.getprevious()
        if before is None:
            parent.text = (parent.text or "") + character
        else:
            before.tail = (before.tail or "") + character
        entity.tail = None
        parent.remove(entity)


def _article(root: Element, name: str) -> Element:
    for element in root.iter("{*}article"):
        namespace = etree.QName(element).namespace
        if namespace:
            _strip_namespace(element, namespace)
        return element
    raise DocumentError(
        f"The document {printable(name)} is not JATS: it has no <article>, its root is "
        f"<{printable(str(root.tag))[:80]}>; give a JATS file."
    )


def _strip_namespace(root: Element, namespace: str) -> None:
    prefix = f"{{{namespace}}}"
    for element in root.iter(f"{prefix}*"):
        element.tag = element.tag.removeprefix(prefix)

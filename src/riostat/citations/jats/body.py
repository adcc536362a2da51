"""The paragraphs of a JATS article that cite, with every mention at its place.

Walked are the abstracts, the body, the back matter and the sub-articles, with what floats in them:
captions, tables, boxes, footnotes, appendices. A paragraph that is interrupted by a list or a
quotation becomes two; a float in the middle of one does not interrupt it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from riostat.citations.documents import Paragraph, Place
from riostat.citations.jats.text import FlatText, text_of
from riostat.citations.markers import MENTIONS_MAX, Mark, Numbering, mentions_of
from riostat.citations.sections import section_of
from riostat.core.errors import DocumentError
from riostat.core.text import printable

__all__ = ["read_paragraphs"]

_DEPTH_MAX = 120
_HEADING_CHARACTERS_MAX = 300

_SECTIONS: dict[str, Place | None] = {
    "sec": None,
    "ack": None,
    "notes": None,
    "app": "appendix",
    "boxed-text": "box",
    "abstract": "abstract",
    "trans-abstract": "abstract",
    "fig": "caption",
    "table-wrap": "caption",
    "supplementary-material": "caption",
    "media": "caption",
    "fn": "footnote",
    "table-wrap-foot": "footnote",
}
# In the middle of a paragraph these stand elsewhere on the page, and the paragraph goes on.
_FLOATS = {
    "fig",
    "fig-group",
    "table-wrap",
    "table-wrap-group",
    "boxed-text",
    "media",
    "fn",
    "supplementary-material",
    "chem-struct-wrap",
}
# In the middle of a paragraph these end it, and what follows is another one.
_BLOCKS = {
    "p",
    "list",
    "def-list",
    "disp-quote",
    "verse-group",
    "speech",
    "statement",
    "sec",
    "array",
}
_NOTHING = {
    "ref-list",
    "object-id",
    "permissions",
    "contrib-group",
    "related-article",
    "related-object",
    "alt-text",
    "long-desc",
    "graphic",
    "label",
    "disp-formula",
    "disp-formula-group",
    "tex-math",
    "inline-graphic",
    "private-char",
    "sig-block",
    "processing-meta",
    "counts",
    "annotation",
}
_FORMULAE = {"inline-formula", "disp-formula", "disp-formula-group", "chem-struct", "math"}
_PARTS = (
    "./front/article-meta/abstract",
    "./front/article-meta/trans-abstract",
    "./body",
    "./back",
    "./floats-group",
    "./floats-wrap",
)
_FORMULA = "[formula]"
_MATH = "{http://www.w3.org/1998/Math/MathML}math"
_FORMULA_CHARACTERS_MAX = 200


def read_paragraphs(numberings: Mapping[Any, Numbering], name: str) -> tuple[list[Paragraph], int]:
    """Return the paragraphs with mentions, and how many markers name no reference of the file.

    `numberings` has one for the article and for each sub-article, by their elements. Raises
    `DocumentError` where elements are nested too deeply or too much is cited; `name` is for its
    message.
    """
    paragraphs: list[Paragraph] = []
    dangling = 0
    for part, numbering in numberings.items():
        walk = _Walk(numbering, name)
        for path in _PARTS:
            for element in part.iterfind(path):
                walk.section(element, _Context())
        paragraphs += walk.paragraphs
        dangling += walk.dangling
    return paragraphs, dangling


@dataclass(frozen=True, slots=True)
class _Context:
    """Where in the article an element stands."""

    headings: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    place: Place = "text"
    depth: int = 0


@dataclass(slots=True)
class _Flow:
    """A paragraph while it is read, and the floats that were met in it."""

    text: FlatText = field(default_factory=FlatText)
    marks: list[Mark] = field(default_factory=list)
    floats: list[Any] = field(default_factory=list)


class _Walk:
    """Goes through an article once and gathers its paragraphs."""

    def __init__(self, numbering: Numbering, name: str) -> None:
        self.paragraphs: list[Paragraph] = []
        self.dangling = 0
        self._numbering = numbering
        self._name = name
        self._mentions = 0

    def section(self, element: Any, context: _Context) -> None:
        """Read what an element holds that is made of blocks."""
        context = self._entered(element, context)
        caption = context.place == "caption"
        if element.text and not element.text.isspace():
            self._paragraph(element, context)
            return
        for child in element:
            tag = child.tag
            if tag in _NOTHING or tag.__class__ is not str:
                continue
            if tag == "title":
                if caption:
                    self._paragraph(child, context)
            elif tag == "tr":
                self._row(child, context)
            elif tag == "p":
                self._paragraph(child, context)
            else:
                self.section(child, context)

    def _entered(self, element: Any, context: _Context) -> _Context:
        depth = context.depth + 1
        if depth > _DEPTH_MAX:
            raise DocumentError(
                f"The document {printable(self._name)} nests elements more than {_DEPTH_MAX} deep; "
                "leave it out."
            )
        tag = element.tag
        if tag not in _SECTIONS:
            return replace(context, depth=depth)
        place = _SECTIONS[tag] or context.place
        if context.place == "appendix" and place == "text":
            place = "appendix"
        headings, types = context.headings, context.types
        if place != "caption" and tag not in {"fn", "table-wrap-foot"}:
            heading = text_of(element.find("title"))[:_HEADING_CHARACTERS_MAX]
            kind = "abstract" if place == "abstract" else element.get("sec-type") or ""
            if heading or kind:
                headings, types = (*headings, heading), (*types, kind)
        return _Context(headings, types, place, depth)

    def _row(self, row: Any, context: _Context) -> None:
        flow = _Flow()
        for index, cell in enumerate(row):
            if index:
                flow.text.add(" | ")
            self._inline(cell, flow, context)
        self._finish(flow, replace(context, place="table"))
        self._read_floats(flow, context)

    def _paragraph(self, element: Any, context: _Context) -> None:
        flow = _Flow()
        self._inline(element, flow, context)
        self._finish(flow, context)
        self._read_floats(flow, context)

    def _read_floats(self, flow: _Flow, context: _Context) -> None:
        floats, flow.floats = flow.floats, []
        for element in floats:
            self.section(element, context)

    def _inline(self, element: Any, flow: _Flow, context: _Context) -> None:
        """Add the text of an element to the paragraph, with the marks in it."""
        context = replace(context, depth=context.depth + 1)
        if context.depth > _DEPTH_MAX:
            self._entered(element, context)
        flow.text.add(element.text)
        for child in element:
            tag = child.tag
            if tag == "xref":
                self._xref(child, flow)
            elif tag.__class__ is not str:
                pass
            elif tag in _FLOATS:
                flow.floats.append(child)
                flow.text.add(" ")
            elif tag in _BLOCKS and context.place != "table":
                self._finish(flow, context)
                self.section(child, context)
            elif tag in _FORMULAE or tag == _MATH:
                flow.text.add(f" {_formula(child)} ")
            elif tag not in _NOTHING:
                self._inline(child, flow, context)
            else:
                flow.text.add(" ")
            flow.text.add(child.tail)

    def _xref(self, element: Any, flow: _Flow) -> None:
        named = (element.get("rid") or "").split()
        known = tuple(reference for reference in named if reference in self._numbering)
        mark = flow.text.mark()
        for piece in element.itertext():
            flow.text.add(piece)
        if known:
            flow.marks.append(Mark(known, *flow.text.since(mark)))
        elif element.get("ref-type") == "bibr":
            self.dangling += 1

    def _finish(self, flow: _Flow, context: _Context) -> None:
        """End a paragraph; the flow begins a new one."""
        text = flow.text.text() if flow.marks else ""
        if text:
            mentions = mentions_of(text, flow.marks, self._numbering)
            self._mentions += len(mentions)
            if self._mentions > MENTIONS_MAX:
                raise DocumentError(
                    f"The document {printable(self._name)} cites more than {MENTIONS_MAX} times; "
                    "divide it or leave it out."
                )
            self.paragraphs.append(
                Paragraph(
                    text=text,
                    mentions=tuple(mentions),
                    headings=tuple(heading for heading in context.headings if heading),
                    section=section_of(context.headings, context.types),
                    place=context.place,
                )
            )
        flow.text, flow.marks = FlatText(), []


def _formula(element: Any) -> str:
    math = element if element.tag == _MATH else next(element.iter(_MATH), None)
    if math is None:
        return _FORMULA
    text = "".join(text_of(math).split())
    return text if 0 < len(text) <= _FORMULA_CHARACTERS_MAX else _FORMULA

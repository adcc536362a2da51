"""One model of a document, whatever format it came in: paragraphs, mentions, references.

A `Document` has paragraphs of plain text; a `Mention` says which characters of one stand for which
`Reference`. Offsets are Unicode code points, and whitespace in a paragraph's text is single
spaces, none at either end.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

__all__ = ["Document", "Mention", "Notice", "Paragraph", "Place", "Reference"]

Place: TypeAlias = Literal["text", "abstract", "caption", "table", "box", "footnote", "appendix"]


@dataclass(frozen=True, slots=True)
class Reference:
    """An entry of a document's list of references, as far as its parts are marked.

    `number` is the one that in-text markers use: its label where that is a number, else its place
    in the list, counted from 1. `author` is the surname of the first author.
    """

    id: str
    number: int
    doi: str | None
    pmid: str | None
    title: str
    author: str
    year: int | None
    venue: str
    raw: str


@dataclass(frozen=True, slots=True)
class Mention:
    """The characters of a paragraph that cite one reference.

    Targets within a range, as 4 in [3-7], have the whole range as theirs.
    """

    reference: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph, a caption, a footnote, or a row of a table, its cells joined by ``" | "``."""

    text: str
    mentions: tuple[Mention, ...]
    headings: tuple[str, ...]
    section: str
    place: Place


@dataclass(frozen=True, slots=True)
class Notice:
    """The document retracts, corrects or doubts another one."""

    kind: Literal["retraction", "correction", "concern"]
    doi: str


@dataclass(frozen=True, slots=True)
class Document:
    """What riostat keeps of a document.

    `paragraphs` are those with a mention, in the order of the file; `dangling` counts in-text
    markers whose reference is not in the file.
    """

    doi: str | None
    title: str
    year: int | None
    journal: str
    authors: tuple[str, ...]
    licence: str
    kind: str
    references: tuple[Reference, ...]
    paragraphs: tuple[Paragraph, ...]
    notices: tuple[Notice, ...]
    dangling: int

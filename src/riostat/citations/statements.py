"""Citation statements: the sentence around each citation, one statement for each target.

A statement is what is shown, classified and counted. Its `hash` names the text alone, so that a
label given to it outlives the parser's version and the index.
"""

from bisect import bisect_right
from dataclasses import dataclass
from hashlib import blake2b
from unicodedata import normalize

from riostat.citations.documents import Document, Paragraph
from riostat.citations.sentences import Span, sentences

__all__ = ["Statement", "statement_hash", "statements_of"]


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence that cites a reference.

    `sentence[start:end]` is the target's marker in code points; `others` are the markers of the
    other mentions in the sentence, sorted and distinct, which a range may overlap. `previous` and
    `next` are the neighbours in the same paragraph. `id` is unique within its document, `document`
    is the citing document's DOI, `section` one of `sections.SECTIONS`, and `heading` the headings
    as in the file, the outermost first.
    """

    id: str
    document: str | None
    reference: str
    sentence: str
    start: int
    end: int
    previous: str | None
    next: str | None
    section: str
    heading: str
    place: str
    others: tuple[Span, ...]

    @property
    def hash(self) -> str:
        r"""BLAKE2b-128, in hex, of NFC of ``sentence\0start\0end`` in UTF-8."""
        return statement_hash(self.sentence, self.start, self.end)


def statement_hash(sentence: str, start: int, end: int) -> str:
    """Return the hash that a statement with this sentence and marker has."""
    text = normalize("NFC", f"{sentence}\0{start}\0{end}")
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def statements_of(document: Document) -> list[Statement]:
    """Return the statements of a document, in its order."""
    found: list[Statement] = []
    for paragraph in document.paragraphs:
        spans = _sentences(paragraph)
        begins = [begin for begin, _ in spans]
        texts = [paragraph.text[begin:end] for begin, end in spans]
        cited: dict[int, list[Span]] = {}
        targets = []
        for mention in paragraph.mentions:
            index = max(bisect_right(begins, mention.start) - 1, 0)
            begin, end = spans[index]
            place = (min(mention.start, end) - begin, min(mention.end, end) - begin)
            cited.setdefault(index, []).append(place)
            targets.append((mention.reference, index, place))
        markers = {index: sorted(set(places)) for index, places in cited.items()}
        for reference, index, place in targets:
            found.append(
                Statement(
                    id=f"s{len(found) + 1}",
                    document=document.doi,
                    reference=reference,
                    sentence=texts[index],
                    start=place[0],
                    end=place[1],
                    previous=texts[index - 1] if index else None,
                    next=texts[index + 1] if index + 1 < len(texts) else None,
                    section=paragraph.section,
                    heading=" > ".join(paragraph.headings),
                    place=paragraph.place,
                    others=tuple(span for span in markers[index] if span != place),
                )
            )
    return found


def _sentences(paragraph: Paragraph) -> list[Span]:
    if paragraph.place == "table":
        return [(0, len(paragraph.text))]
    markers = [(mention.start, mention.end) for mention in paragraph.mentions]
    return sentences(paragraph.text, markers)

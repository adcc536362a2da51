"""Citation statements: the sentence around each citation, one statement for each target.

A statement is what is shown, classified and counted. Its `hash` names the text alone, so that a
label given to it outlives the parser's version and the index.
"""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final
from unicodedata import normalize

from riostat.citations.documents import Document, Paragraph
from riostat.citations.sentences import Span, sentences

__all__ = [
    "OTHERS_MAX",
    "SENTENCE_CHARACTERS_MAX",
    "Statement",
    "statement_hash",
    "statements_of",
]

SENTENCE_CHARACTERS_MAX: Final = 5000
"""Longer ones are no sentences; the longest rows of tables have 3,000."""

OTHERS_MAX: Final = 200


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
    """Return the statements of a document, in its order.

    Of a sentence with more than `SENTENCE_CHARACTERS_MAX` characters, so many around the marker are
    the sentence, and of more than `OTHERS_MAX` other markers those nearest to it are named.
    """
    found: list[Statement] = []
    for paragraph in document.paragraphs:
        spans = _sentences(paragraph)
        begins = [begin for begin, _ in spans]
        texts = [paragraph.text[begin:end] for begin, end in spans]
        places: dict[int, list[tuple[str, Span]]] = {}
        for mention in paragraph.mentions:
            index = max(bisect_right(begins, mention.start) - 1, 0)
            begin, end = spans[index]
            place = (min(mention.start, end) - begin, min(mention.end, end) - begin)
            places.setdefault(index, []).append((mention.reference, place))
        for index, targets in places.items():
            markers = sorted({place for _, place in targets})
            previous = texts[index - 1][-SENTENCE_CHARACTERS_MAX:] if index else None
            following = texts[index + 1] if index + 1 < len(texts) else None
            for reference, place in targets:
                sentence, (start, end), others = _around(texts[index], place, markers)
                found.append(
                    Statement(
                        id=f"s{len(found) + 1}",
                        document=document.doi,
                        reference=reference,
                        sentence=sentence,
                        start=start,
                        end=end,
                        previous=previous,
                        next=following and following[:SENTENCE_CHARACTERS_MAX],
                        section=paragraph.section,
                        heading=" > ".join(paragraph.headings),
                        place=paragraph.place,
                        others=others,
                    )
                )
    return found


def _around(sentence: str, place: Span, markers: list[Span]) -> tuple[str, Span, tuple[Span, ...]]:
    """Return what is kept of a sentence, with the place of the target and of others in it."""
    if len(markers) > OTHERS_MAX:
        index = bisect_left(markers, place)
        markers = markers[max(index - OTHERS_MAX // 2, 0) : index + OTHERS_MAX // 2 + 1]
    if len(sentence) <= SENTENCE_CHARACTERS_MAX:
        return sentence, place, tuple(marker for marker in markers if marker != place)
    start, end = place
    margin = (SENTENCE_CHARACTERS_MAX - min(end - start, SENTENCE_CHARACTERS_MAX)) // 2
    begin = max(0, min(start - margin, len(sentence) - SENTENCE_CHARACTERS_MAX))
    finish = begin + SENTENCE_CHARACTERS_MAX
    begin += sentence[begin] == " " and begin < start
    finish -= sentence[finish - 1] == " "
    target = (start - begin, min(end, finish) - begin)
    inside = [(a - begin, b - begin) for a, b in markers if begin <= a and b <= finish]
    return sentence[begin:finish], target, tuple(span for span in inside if span != target)


def _sentences(paragraph: Paragraph) -> list[Span]:
    if paragraph.place == "table":
        return [(0, len(paragraph.text))]
    markers = [(mention.start, mention.end) for mention in paragraph.mentions]
    return sentences(paragraph.text, markers)

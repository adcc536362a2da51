"""In-text markers: ranges and lists of numbers, and which references they stand for.

A `Mark` is what a file marks as a citation: characters of a paragraph, and the ids of references.
Publishers mark of [1,4-6] only 1, 4 and 6, or the whole once with one id, or with empty marks in
between; `mentions_of` gives one `Mention` for each reference that is meant.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice, pairwise
from typing import Final

from riostat.citations.documents import Mention, Reference
from riostat.citations.sentences import DASHES

__all__ = ["MENTIONS_MAX", "Mark", "Numbering", "mentions_of"]

MENTIONS_MAX: Final = 20_000
"""In a document; reviews of a field have 2,000."""

_DASHES = re.escape(DASHES)
_RANGE = re.compile(rf"[\s\])]*(?:[{_DASHES}]|\bto\b|\bthrough\b)[\s\[(]*")
_LIST = re.compile(rf"[\s\[(]*\d{{1,4}}(?:[\s,;{_DASHES}]+\d{{1,4}})*[\s\])]*")
_ITEM = re.compile(rf"(\d{{1,4}})(?:\s*[{_DASHES}]\s*(\d{{1,4}}))?")
_BRACKET = re.compile(rf"\[ ?\d{{1,4}}(?:[\s,;{_DASHES}\[\]]{{1,6}}\d{{1,4}}){{0,60}} ?\]")
_TAIL = re.compile(rf"\s*[{_DASHES}]\s*(\d{{1,4}})(?![\w%°]|\.\d)")
_SPAN_MAX = 200


@dataclass(frozen=True, slots=True)
class Mark:
    """Characters that a file marks as a citation of references, none where it is empty."""

    references: tuple[str, ...]
    start: int
    end: int


class Numbering:
    """The numbers by which the markers of an article call its references.

    `numbered` are the references of its own list, or of the list that it shares.
    """

    def __init__(self, references: Iterable[Reference], numbered: Iterable[Reference]) -> None:
        self._by_number: dict[int, str] = {}
        self._numbers = {reference.id: reference.number for reference in references}
        for reference in numbered:
            self._by_number.setdefault(reference.number, reference.id)

    def __contains__(self, reference: str) -> bool:
        return reference in self._numbers

    def number(self, reference: str) -> int:
        """Return the number of a reference."""
        return self._numbers[reference]

    def between(self, first: int, last: int) -> list[str] | None:
        """Return the references from one number to another; None where it is not a range of them.

        Every number has to be there, so that a year or an interval is not taken for a range.
        """
        if not 0 < last - first < _SPAN_MAX:
            return None
        found = [self._by_number.get(number) for number in range(first, last + 1)]
        known = [reference for reference in found if reference is not None]
        return known if len(known) == len(found) else None

    def at(self, number: int) -> str | None:
        """Return the reference with a number."""
        return self._by_number.get(number)


def mentions_of(text: str, marks: Sequence[Mark], numbering: Numbering) -> list[Mention]:
    """Return the mentions that the marks of a paragraph stand for, by their place in it.

    A reference is named once for each marker: in [3-5] the marks are 3 and 5, and 4 is mentioned
    by all of it. `marks` are in the order of the text, and their references in `numbering`. Where
    there are more than `MENTIONS_MAX`, one more is returned, in no order.
    """
    own = chain.from_iterable(_of_mark(text, mark, numbering) for mark in marks)
    every = chain(own, _ranges(text, marks, numbering), _unmarked(text, marks, numbering))
    found = list(islice(every, MENTIONS_MAX + 1))
    if len(found) > MENTIONS_MAX:
        return found
    return sorted(_without_repetition(dict.fromkeys(found)), key=lambda m: (m.start, m.end))


def _of_mark(text: str, mark: Mark, numbering: Numbering) -> Iterator[Mention]:
    """Yield the mentions of one mark, each at its own number where its text is a list of them."""
    places: dict[str, tuple[int, int]] = {}
    shown = text[mark.start : mark.end]
    if _LIST.fullmatch(shown) and _number(text, mark) is None:
        places = dict(_places(shown, mark.start, numbering))
        if not places.keys() >= {*mark.references}:
            places = {}  # its numbers are not those of its references
    if not places and mark.start == mark.end:
        return  # what it means is seen from the marks beside it
    for reference in dict.fromkeys((*mark.references, *places)):
        yield Mention(reference, *places.get(reference, (mark.start, mark.end)))


def _places(shown: str, offset: int, numbering: Numbering) -> Iterator[tuple[str, tuple[int, int]]]:
    for item in _ITEM.finditer(shown):
        first = int(item[1])
        if item[2] is None:
            if (reference := numbering.at(first)) is not None:
                yield reference, (offset + item.start(1), offset + item.end(1))
            continue
        within = numbering.between(first, int(item[2])) or []
        for reference in within:
            yield reference, (offset + item.start(), offset + item.end())


def _ranges(text: str, marks: Sequence[Mark], numbering: Numbering) -> Iterator[Mention]:
    """Yield what is meant between two marks with a dash, and by empty marks."""
    written = [mark for mark in marks if mark.start < mark.end]
    spans = [(mark.start, mark.end) for mark in written]
    for index, (left, right) in enumerate(pairwise(written)):
        if not _RANGE.fullmatch(text, left.end, right.start):
            continue
        within = _between(text, left, right, numbering)
        spans[index] = spans[index + 1] = (spans[index][0], right.end)
        for reference in within:
            yield Mention(reference, left.start, right.end)
    ends = [mark.end for mark in written]
    for mark in marks:
        if mark.start == mark.end:
            # The text that it stands at: the end of the mark before it, or the range around it.
            index = bisect_left(ends, mark.start)
            span = spans[index] if index < len(spans) else (mark.start, mark.start)
            if not span[0] <= mark.start <= span[1]:
                span = (mark.start, mark.start)
            for reference in mark.references:
                yield Mention(reference, *span)


def _between(text: str, left: Mark, right: Mark, numbering: Numbering) -> list[str]:
    if len(left.references) != 1 or len(right.references) != 1:
        return []
    first, last = (numbering.number(mark.references[0]) for mark in (left, right))
    written = (_number(text, left), _number(text, right))
    if None not in written and written != (first, last):
        return []  # its numbers are not those of its references
    return (numbering.between(first, last) or [])[1:-1]


def _unmarked(text: str, marks: Sequence[Mark], numbering: Numbering) -> Iterator[Mention]:
    """Yield what is meant by numbers without a mark beside one with: [<3>-7], [<1>, 4-6]."""
    written = [mark for mark in marks if mark.start < mark.end]
    starts = [mark.start for mark in written]
    for bracket in _BRACKET.finditer(text):
        begin, end = bracket.span()
        inside = written[bisect_left(starts, begin) : bisect_left(starts, end)]
        if not inside or not all(_is_named(text, mark, numbering) for mark in inside):
            continue
        for reference, place in _places(bracket[0], begin, numbering):
            is_range = not text[slice(*place)].isdigit()
            if is_range or not any(_overlap(place, mark) for mark in inside):
                yield Mention(reference, *place)
    for index, mark in enumerate(written):
        tail = _TAIL.match(text, mark.end)
        if tail is None or not _is_named(text, mark, numbering):
            continue
        if index + 1 < len(written) and starts[index + 1] < tail.end():
            continue
        first = numbering.number(mark.references[0])
        for reference in (numbering.between(first, int(tail[1])) or [])[1:]:
            yield Mention(reference, mark.start, tail.end(1))


def _number(text: str, mark: Mark) -> int | None:
    shown = text[mark.start : mark.end].strip("[]() ")
    return int(shown) if shown.isascii() and shown.isdigit() and len(shown) < 5 else None


def _is_named(text: str, mark: Mark, numbering: Numbering) -> bool:
    """Tell whether a mark is the number of its one reference."""
    number = _number(text, mark)
    return len(mark.references) == 1 and number == numbering.number(mark.references[0])


def _overlap(place: tuple[int, int], mark: Mark) -> bool:
    return place[0] < mark.end and mark.start < place[1]


def _without_repetition(mentions: Iterable[Mention]) -> Iterator[Mention]:
    """Leave out a mention by a range of a reference that a marker of its own names within it."""
    by_reference: dict[str, list[Mention]] = {}
    for mention in mentions:
        by_reference.setdefault(mention.reference, []).append(mention)
    for group in by_reference.values():
        group.sort(key=lambda m: (-m.start, m.end))
        least_end: int | None = None
        for mention in group:
            if least_end is None or least_end > mention.end:
                yield mention
                least_end = mention.end

"""Sentences of scientific prose, cut around citations and never through them.

A citation is opaque: no stop inside one ends a sentence. One that follows the stop, as superscripts
and some styles have it ("... was shown.[3] Next"), belongs to the sentence before it.
"""

import re
from bisect import bisect_left
from collections.abc import Sequence
from typing import TypeAlias

__all__ = ["DASHES", "Span", "sentences"]

Span: TypeAlias = tuple[int, int]

DASHES = "\N{HYPHEN}\N{NON-BREAKING HYPHEN}\N{FIGURE DASH}\N{EN DASH}\N{EM DASH}\N{MINUS SIGN}-"

_OPENING_QUOTES = "\"'«\N{LEFT SINGLE QUOTATION MARK}\N{LEFT DOUBLE QUOTATION MARK}"
_CLOSING_QUOTES = "\"'»\N{RIGHT SINGLE QUOTATION MARK}\N{RIGHT DOUBLE QUOTATION MARK}"
_STOP = re.compile(rf"[.!?…]+[{_CLOSING_QUOTES})\]]*")
_WORD_BEFORE = re.compile(r"[^\W\d_][\w.&-]*$")
_WORD_AFTER = re.compile(rf"[{_OPENING_QUOTES}(\[¿¡]*([^\s.,;:!?)\]]+)")
_WORD_CHARACTERS_MAX = 24
_BRACKET_CHARACTERS_MAX = 600

# "(b) The second", which begins a sentence, and "(Figure 2).", which ends the one before it.
_NUMBERED = re.compile(r"\((?:[a-z]|[ivx]{1,4}|\d{1,2})\) [A-Z]")
_AFTERTHOUGHT = re.compile(r"\([^().]{0,30}\.?[^().]{0,50}\)\.")
_NO_BEGINNING = DASHES + "=<>±+*/&%|:,;"

# What may stand between a stop and a citation that belongs to the sentence before it.
_GLUE = re.compile(rf"[\s,;\[\](){{}}{re.escape(DASHES)}]{{0,3}}")
_NUMERIC = re.compile(r"[\[(]?\d")
_CLOSING = ")]}"
_BETWEEN = f",;[](){DASHES}"

# Never the end of a sentence, for something belongs to them that follows.
_OPEN_ABBREVIATIONS = frozenset(
    """fig figs eq eqs eqn ref refs sec sect tab ch chap e.g eg i.e ie cf ca approx vs viz resp no
    nos vol pp pg p ed eds dr prof mr mrs ms st mt dept univ suppl var subsp ssp op max min avg sd
    s.d s.e ser art thm prop lem def cor aff n.b incl excl est""".split()  # noqa: SIM905 - readable
)
# The end of a sentence where a word follows that begins one.
_CLOSED_ABBREVIATIONS = frozenset(
    """al etc inc ltd co corp jr sr spp sp i.v i.p s.c i.m u.s u.k u.s.a e.u ph.d m.d b.sc m.sc a.m
    p.m b.i.d d.c""".split()  # noqa: SIM905 - readable
)
_OPENERS = frozenset(
    """the this these those that we our in it its a an to for here however moreover furthermore
    although while when as they their there thus therefore hence consistent similarly additionally
    finally first second third by on at from with after during since because if both all some many
    several most more another other one two each such using based following given despite recent
    recently previous currently patients results overall interestingly importantly notably
    """.split()  # noqa: SIM905 - readable
)
_INITIALS = re.compile(r"(?:[A-Z]\.-?)*[A-Z]")
# Names of genes, molecules and tools that begin a sentence in lower case: mRNA, siRNA, p53, pH.
_LOWER_NAME = re.compile(r"[a-z]{1,4}(?:[A-Z]|-?\d)")


def sentences(text: str, citations: Sequence[Span]) -> list[Span]:
    """Return the spans of the sentences of `text`, without the whitespace between them.

    Whitespace in `text` is single spaces. `citations` are the spans of the citation markers, in any
    order; no sentence ends inside one.
    """
    return _Splitter(text, _merged(citations)).spans()


def _merged(spans: Sequence[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in sorted(set(spans)):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        elif start < end:
            merged.append((start, end))
    return merged


class _Splitter:
    """Walks over the stops of one paragraph."""

    def __init__(self, text: str, citations: list[Span]) -> None:
        self._text = text
        self._citations = citations
        self._starts = [start for start, _ in citations]
        self._begin = 0
        self._counted, self._depth = 0, 0

    def spans(self) -> list[Span]:
        found: list[Span] = []
        for stop in _STOP.finditer(self._text):
            if stop.start() < self._begin:
                continue
            cut = self._cut(stop)
            if cut is not None:
                found.append((self._begin, cut))
                self._begin = cut + self._text[cut].isspace()
                self._counted, self._depth = self._begin, 0
        end = len(self._text.rstrip())
        if self._begin < end:
            found.append((self._begin, end))
        return found

    def _cut(self, stop: re.Match[str]) -> int | None:
        """Return where the sentence with this stop ends, or None where it goes on."""
        text, at, end = self._text, stop.start(), stop.end()
        index = bisect_left(self._starts, at + 1)
        if index and self._citations[index - 1][1] > at:
            return None
        cut = self._past_citations(index, end)
        glued = cut > end
        if cut >= len(text):
            return None
        if not text[cut].isspace() and not (glued and text[cut].isupper()):
            return None
        if stop[0][0] == "." and not self._ends_at(at, cut):
            return None
        if not _may_begin(text, cut, open_end=stop[0][0] == "…" or stop[0].startswith("..")):
            return None
        return None if self._is_inside_brackets(cut) else cut

    def _past_citations(self, index: int, end: int) -> int:
        """Return where the citations end that belong to the sentence before them."""
        text, cut = self._text, end
        for place in range(index, len(self._citations)):
            start, finish = self._citations[place]
            if start - cut > 3:
                break
            between = text[cut:start]
            if not _GLUE.fullmatch(between):
                break
            spaced = cut == end and between[:1].isspace()
            bracketed = between.strip()[-1:] in {"[", "("} or text[start] in "[("
            if cut == end and not (_NUMERIC.match(text, start) or bracketed):
                break
            if spaced and not self._is_left_alone(finish):
                break
            cut = finish
            while cut < len(text) and text[cut] in _CLOSING:
                cut += 1
        return cut

    def _is_left_alone(self, at: int) -> bool:
        """Tell whether a new sentence follows the group of citations that `at` stands in."""
        text = self._text
        for _ in range(64):
            while at < len(text) and (text[at].isspace() or text[at] in _BETWEEN):
                at += 1
            index = bisect_left(self._starts, at)
            if index == len(self._starts) or self._starts[index] != at:
                break
            at = self._citations[index][1]
        if at < len(text) and text[at] in ".!?":
            return False
        return at >= len(text) or text[at].isupper()

    def _ends_at(self, at: int, cut: int) -> bool:
        """Tell whether a full stop at `at` ends a sentence, by the words beside it."""
        text = self._text
        before = _WORD_BEFORE.search(text, max(self._begin, at - _WORD_CHARACTERS_MAX), at)
        if before is None:
            return True
        word = before[0].lower()
        if word in _OPEN_ABBREVIATIONS:
            return word in {"no", "max", "min", "ed", "art", "def", "p"} and self._opens(cut)
        initial = _INITIALS.fullmatch(before[0])
        if word in _CLOSED_ABBREVIATIONS or initial or word.startswith("al."):
            return self._opens(cut)
        return True

    def _opens(self, cut: int) -> bool:
        after = self._text[cut : cut + 64].lstrip()
        following = _WORD_AFTER.match(after)
        if following is None or not following[1][0].isupper():
            return False
        is_initial = after[following.end() : following.end() + 1] == "."
        return following[1].lower() in _OPENERS and not is_initial

    def _is_inside_brackets(self, cut: int) -> bool:
        """Tell whether a bracket is open at `cut` and closed soon; characters are counted once."""
        self._depth = _depth(self._text, self._counted, cut, self._depth)
        self._counted = cut
        depth = self._depth
        for character in self._text[cut : cut + _BRACKET_CHARACTERS_MAX] if depth else "":
            depth += (character in "([") - (character in ")]")
            if not depth:
                return True
        return False


def _depth(text: str, begin: int, end: int, depth: int) -> int:
    for character in text[begin:end]:
        if character in "([":
            depth += 1
        elif character in ")]" and depth:
            depth -= 1
    return depth


def _may_begin(text: str, cut: int, *, open_end: bool) -> bool:
    """Tell whether what stands after `cut` may begin a sentence."""
    after = text[cut : cut + 100].lstrip()
    if _AFTERTHOUGHT.match(after):
        return False
    following = _WORD_AFTER.match(after)
    if following is None:
        return not open_end
    first = following[1][0]
    if first.isupper():
        return True
    if open_end:
        return False
    if first.islower():
        return bool(_LOWER_NAME.match(following[1]) or _NUMBERED.match(after))
    return first not in _NO_BEGINNING

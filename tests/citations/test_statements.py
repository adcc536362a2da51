"""Statements and the hash that their labels are kept by."""

from unicodedata import normalize

from riostat.citations.documents import Document, Mention, Paragraph
from riostat.citations.statements import (
    OTHERS_MAX,
    SENTENCE_CHARACTERS_MAX,
    Statement,
    statement_hash,
    statements_of,
)


def _statements(text: str, *mentions: Mention) -> list[Statement]:
    paragraph = Paragraph(text, mentions, ("Results", "A trial"), "results", "text")
    return statements_of(Document(None, "", None, "", (), "", "", (), (paragraph,), (), 0))


def test_a_hash_is_that_of_the_sentence_and_the_marker() -> None:
    (one,) = _statements("Before. It was shown [3]. After.", Mention("B3", 21, 24))
    assert one.hash == "01c1d74362ee814a0f30707c83f6a4c3"
    assert one.hash == statement_hash("It was shown [3].", 13, 16)
    (alone,) = _statements("It was shown [3].", Mention("B9", 13, 16))
    assert alone.hash == one.hash
    (elsewhere,) = _statements("It was shown [3].", Mention("B9", 14, 15))
    assert elsewhere.hash != one.hash


def test_a_hash_is_the_same_however_accents_are_composed() -> None:
    composed, decomposed = normalize("NFC", "é [1]."), normalize("NFD", "é [1].")
    assert composed != decomposed
    assert statement_hash(composed, 2, 5) == statement_hash(decomposed, 2, 5)


def test_neighbours_are_those_of_the_paragraph() -> None:
    first, last = _statements("One [1]. Two. Three [2].", Mention("A", 4, 7), Mention("B", 20, 23))
    assert (first.previous, first.next) == (None, "Two.")
    assert (last.previous, last.next) == ("Two.", None)
    assert [first.id, last.id] == ["s1", "s2"]
    assert first.heading == "Results > A trial"


def test_markers_without_text_stay_within_their_sentence() -> None:
    found = _statements("One. Two.", Mention("A", 9, 9), Mention("B", 4, 4))
    assert [(s.sentence, s.start, s.end) for s in found] == [("Two.", 4, 4), ("One.", 4, 4)]


def test_of_a_sentence_without_end_what_is_around_the_marker_is_kept() -> None:
    text = "word " * 3000 + "[7] " + "word " * 3000 + "end"
    for start, end in ((15_000, 15_003), (0, 4), (len(text) - 3, len(text)), (10, 20_000)):
        (found,) = _statements(text, Mention("B", start, end))
        assert SENTENCE_CHARACTERS_MAX - 2 <= len(found.sentence) <= SENTENCE_CHARACTERS_MAX
        assert found.sentence == found.sentence.strip()
        assert found.sentence in text
        marker = found.sentence[found.start : found.end]
        assert marker == text[start:end] or end == 20_000


def test_of_very_many_markers_the_nearest_are_named() -> None:
    text = "x" * 1000
    found = _statements(text, *(Mention(f"B{n}", n, n + 1) for n in range(1000)))
    assert len(found) == 1000
    assert all(OTHERS_MAX // 2 <= len(s.others) <= OTHERS_MAX for s in found)
    assert found[500].others[0] == (500 - OTHERS_MAX // 2, 501 - OTHERS_MAX // 2)
    assert (500, 501) not in found[500].others

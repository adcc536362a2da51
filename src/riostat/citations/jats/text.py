"""Text of elements: markup gone, whitespace single spaces."""

from typing import Any

__all__ = ["FlatText", "text_of"]

_TEXT_CHARACTERS_MAX = 100_000


class FlatText:
    """Text that grows by the pieces between tags, and knows its length at any time."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._spaced = True
        self.length = 0

    def add(self, piece: str | None) -> None:
        """Add a piece; whitespace becomes one space, and none where there is one already."""
        if not piece:
            return
        words = piece.split()
        text = " ".join(words)
        if piece[0].isspace() and not self._spaced:
            text = " " + text
        if words and piece[-1].isspace():
            text += " "
        if text:
            self._pieces.append(text)
            self.length += len(text)
            self._spaced = text[-1] == " "

    def text(self) -> str:
        """Return all of it, with no space at the end."""
        return "".join(self._pieces).rstrip(" ")

    def mark(self) -> tuple[int, int]:
        """Return a token for `since`."""
        return len(self._pieces), self.length

    def since(self, mark: tuple[int, int]) -> tuple[int, int]:
        """Return the span of what was added after a mark, without the spaces around it."""
        index, start = mark
        if index == len(self._pieces):
            return start, start
        start += self._pieces[index][0] == " "
        return start, max(start, self.length - (self._pieces[-1][-1] == " "))


def text_of(element: Any) -> str:
    """Return the text of an element and all below it, or an empty string for None."""
    if element is None:
        return ""
    text = " ".join("".join(element.itertext()).split())
    return text[:_TEXT_CHARACTERS_MAX]

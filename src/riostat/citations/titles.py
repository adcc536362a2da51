"""Titles and names in the form in which they are compared."""

import re
from functools import lru_cache
from unicodedata import combining, normalize

__all__ = ["likeness", "name_key", "title_key"]

_NO_WORD = re.compile(r"[\W_]+")
_KEY_CHARACTERS_MAX = 400


@lru_cache(maxsize=4096)
def title_key(title: str) -> str:
    """Return the words of a title in lower case without accents and punctuation."""
    folded = normalize("NFKD", normalize("NFKD", title[:2000]).casefold())
    plain = "".join(character for character in folded if not combining(character))
    return _NO_WORD.sub(" ", plain).strip()[:_KEY_CHARACTERS_MAX]


def name_key(name: str) -> str:
    """Return the surname of "Surname, Given" or of a bare surname, as `title_key` has it."""
    return title_key(name.partition(",")[0])


def likeness(one: str, other: str) -> float:
    """Return how alike two keys are, 0 to 1: the Dice coefficient of their character trigrams."""
    first, second = _trigrams(one), _trigrams(other)
    if not first or not second:
        return float(one == other)
    return 2 * len(first & second) / (len(first) + len(second))


@lru_cache(maxsize=4096)
def _trigrams(key: str) -> frozenset[str]:
    padded = f" {key} "
    return frozenset(padded[i : i + 3] for i in range(len(padded) - 2)) if key else frozenset()

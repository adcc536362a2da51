"""Labelled statements made of words, for tests of the classifier: plain, and enough to learn."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from riostat.citations.examples import Example
from riostat.citations.modelfile import LABELS

__all__ = ["Made", "made_examples"]

_SUPPORTING = (
    "Our results are consistent with {} on {}.",
    "This agrees with the {} reported for {}.",
    "We confirmed the {} that was found for {}.",
)
_CONTRASTING = (
    "In contrast to {}, we found no effect of {}.",
    "Our data contradict the {} reported for {}.",
    "This differs from the {} that was seen for {}.",
)
_MENTIONING = (
    "The {} of {} has been studied before.",
    "We used the {} of {} for this.",
    "It is known that {} depends on {}.",
)
_TEMPLATES = dict(zip(LABELS, (_SUPPORTING, _CONTRASTING, _MENTIONING), strict=True))
_NOUNS = ("growth", "decay", "yield", "noise", "rate", "loss", "delay", "order", "size", "drift")


@dataclass(frozen=True)
class Made:
    """A statement that nobody wrote."""

    sentence: str
    start: int | None = None
    end: int | None = None
    others: Sequence[tuple[int, int]] = ()
    previous: str | None = None
    next: str | None = None
    section: str | None = None


def made_examples(*, documents: int = 20, each: int = 6, seed: int = 1) -> list[Example]:
    """Return examples of all classes in each document; mentions stand for ten statements."""
    generator = random.Random(seed)
    examples = []
    for document in range(documents):
        for place in range(each):
            label = place % len(LABELS)
            template = generator.choice(_TEMPLATES[LABELS[label]])
            text = template.format(*generator.choices(_NOUNS, k=2))
            sentence = f"{text[:-1]} [{place + 1}]."
            made = Made(sentence, len(text), len(text) + 3, section="discussion")
            weight = 10.0 if LABELS[label] == "mentioning" else 1.0
            examples.append(Example(made, label, f"10.1234/{document}", weight))
    return examples

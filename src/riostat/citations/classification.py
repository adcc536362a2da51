"""Does a statement support or contrast what it cites, or does it only mention it?

*Supporting*: the citing authors have evidence of their own that agrees with a finding of the cited
work. *Contrasting*: their evidence disagrees with it, fails to replicate or limits it.
*Mentioning*: the rest. The classifier is linear over `features`; its probabilities are calibrated
for the natural prevalence of the classes, at which most statements mention.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from riostat.citations.features import Citing, Features, features
from riostat.citations.modelfile import LABELS, Model, read_model

__all__ = ["BUNDLED", "Classifications", "Classifier", "scores"]

BUNDLED: Final = Path(__file__).with_name("data") / "classifier.model"
"""The model that ships."""

_BATCH: Final = 512


@dataclass(frozen=True, slots=True)
class Classifications:
    """What n statements are: `probabilities` f64[n, 3] in the order of `LABELS`.

    `labels` are the most probable ones; where `abstained` (bool[n]) they are too uncertain to show.
    """

    probabilities: NDArray[np.float64]
    labels: list[str]
    abstained: NDArray[np.bool_]


class Classifier:
    """A loaded model; safe to share between threads."""

    def __init__(self, model: Model) -> None:
        self.model = model

    @classmethod
    def load(cls, path: Path | None = None) -> "Classifier":
        """Return the classifier of a model file, or the one that ships.

        Raises:
            ModelError: The file cannot be used.
        """
        return _bundled() if path is None else cls(read_model(path))

    @property
    def version(self) -> str:
        """The model's name, which classifications are kept under."""
        return self.model.header.name

    def classify(self, statements: Iterable[Citing]) -> Classifications:
        """Return what the statements are; memory is bounded by their number alone."""
        parts = [self._raw(features(batch)) for batch in _batches(statements)]
        return self._decide(np.concatenate(parts) if parts else np.zeros((0, len(LABELS))))

    def classify_features(self, seen: Features) -> Classifications:
        """Return what statements are whose features are at hand."""
        return self._decide(self._raw(seen))

    def probabilities_of(self, raw: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return calibrated probabilities for raw scores, f64[n, 3] each."""
        header = self.model.header
        scaled = header.scale * (raw + np.array(header.bias))
        scaled -= scaled.max(axis=1, keepdims=True)
        odds = np.exp(scaled)
        probabilities: NDArray[np.float64] = odds / odds.sum(axis=1, keepdims=True)
        return probabilities

    def _raw(self, seen: Features) -> NDArray[np.float64]:
        return scores(seen, self.model.ngrams, self.model.cues)

    def _decide(self, raw: NDArray[np.float64]) -> Classifications:
        probabilities = self.probabilities_of(raw)
        best = probabilities.argmax(axis=1)
        confidence = np.array(self.model.header.confidence)
        abstained = probabilities.max(axis=1, initial=0.0) < confidence[best]
        return Classifications(probabilities, [LABELS[label] for label in best], abstained)


def scores(
    seen: Features, ngrams: NDArray[np.float32], cues: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Return the raw score of each class, f64[n, 3], for features of n statements."""
    total = seen.cues.astype(np.float64) @ cues.astype(np.float64)
    weighted = ngrams[seen.buckets].astype(np.float64) * seen.values[:, None]
    for label in range(len(LABELS)):
        total[:, label] += np.bincount(seen.rows, weighted[:, label], minlength=len(total))
    return total


@cache
def _bundled() -> Classifier:
    return Classifier(read_model(BUNDLED))


def _batches(statements: Iterable[Citing]) -> Iterator[list[Citing]]:
    iterator = iter(statements)
    while batch := list(islice(iterator, _BATCH)):
        yield batch

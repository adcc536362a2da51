"""How well a classifier does, with intervals, where its data were taken and in the open literature.

Data sets hold more of the rare classes than literature does, and precision falls with them: every
figure is therefore given twice, for the statements as they are and weighted to what they stand
for. Intervals are percentiles of a bootstrap over documents (Efron, "Bootstrap methods: another
look at the jackknife", Annals of Statistics 7, 1979), since the statements of one document are not
independent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from riostat.citations.classification import Classifications
from riostat.citations.examples import Example
from riostat.citations.modelfile import LABELS
from riostat.core.intervals import CONFIDENCE

__all__ = [
    "ClassFigures",
    "Estimate",
    "Evaluation",
    "calibration_error",
    "evaluate",
    "measure",
    "prevalence_weights",
]

_Floats: TypeAlias = NDArray[np.float64]
_Ints: TypeAlias = NDArray[np.int64]

_REPLICATES: Final = 2000
_BINS: Final = 10
_CLASSES: Final = len(LABELS)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with the ends of its 95 % interval; None where nothing was there to count."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """Figures of one class; the displayed ones count only statements without abstention."""

    statements: int
    precision: Estimate
    recall: Estimate
    f1: Estimate
    displayed_precision: Estimate
    displayed_recall: Estimate


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Figures of one weighting; `abstained` is a share, `ece` the calibration error."""

    macro_f1: Estimate
    accuracy: float
    ece: float
    abstained: float
    classes: dict[str, ClassFigures]


def measure(
    examples: Sequence[Example], found: Classifications, prevalence: tuple[float, ...]
) -> dict[str, Evaluation]:
    """Return the figures of classified examples, as they are and at natural prevalence.

    For the latter each counts as its weight says, or, where one has none, all of a class as
    `prevalence` has it.
    """
    truth = np.array([example.label for example in examples], np.int64)
    names = {example.document for example in examples}
    number = {name: place for place, name in enumerate(sorted(names))}
    documents = np.array([number[example.document] for example in examples], np.int64)
    known = [example.weight for example in examples if example.weight is not None]
    natural = np.array(known) if len(known) == len(truth) else prevalence_weights(truth, prevalence)
    weightings = {"at_data_set": np.ones(len(truth)), "at_natural_prevalence": natural}
    return {
        name: evaluate(
            truth, found.probabilities, found.abstained, documents=documents, weights=weights
        )
        for name, weights in weightings.items()
    }


def evaluate(
    truth: _Ints,
    probabilities: _Floats,
    abstained: NDArray[np.bool_],
    *,
    documents: _Ints,
    weights: _Floats,
) -> Evaluation:
    """Return the figures of n statements.

    `truth` (i64[n]) are classes in the order of `LABELS`, `probabilities` is f64[n, 3],
    `documents` (i64[n]) numbers the documents from 0, `weights` (f64[n]) is what each stands for.
    """
    assert len(truth), "nothing to evaluate"
    guess = probabilities.argmax(axis=1)
    every = _confusions(truth, guess, documents, weights)
    displayed = _confusions(truth, guess, documents, np.where(abstained, 0.0, weights))
    every, displayed = _resampled(every, displayed)
    precision, recall, f1 = _figures(every, every)
    displayed_precision, displayed_recall, _ = _figures(displayed, every)
    classes = {
        name: ClassFigures(
            int((truth == label).sum()),
            _estimate(precision[:, label]),
            _estimate(recall[:, label]),
            _estimate(f1[:, label]),
            _estimate(displayed_precision[:, label]),
            _estimate(displayed_recall[:, label]),
        )
        for label, name in enumerate(LABELS)
    }
    total = weights.sum()
    return Evaluation(
        macro_f1=_estimate(np.nan_to_num(f1).mean(axis=1)),
        accuracy=float(weights[guess == truth].sum() / total),
        ece=calibration_error(truth, probabilities, weights),
        abstained=float(weights[abstained].sum() / total),
        classes=classes,
    )


def calibration_error(truth: _Ints, probabilities: _Floats, weights: _Floats) -> float:
    """Return the expected calibration error of the most probable class, in ten equal bins.

    Guo et al., "On calibration of modern neural networks", ICML 2017, equation 5.
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == truth
    bins = np.minimum((confidence * _BINS).astype(np.int64), _BINS - 1)
    gap = np.bincount(bins, weights * (confidence - right), minlength=_BINS)
    return float(np.abs(gap).sum() / weights.sum())


def prevalence_weights(truth: _Ints, prevalence: tuple[float, ...]) -> _Floats:
    """Return weights (f64[n]) that give every class its share; an absent class has none."""
    counts = np.bincount(truth, minlength=_CLASSES)
    weights: _Floats = (np.array(prevalence) / np.maximum(counts, 1))[truth] * len(truth)
    return weights


def _confusions(truth: _Ints, guess: _Ints, documents: _Ints, weights: _Floats) -> _Floats:
    """Return the weight of each true and guessed class in each document, f64[documents, 3, 3]."""
    cell = (documents * _CLASSES + truth) * _CLASSES + guess
    size = int(documents.max() + 1) * _CLASSES * _CLASSES
    table = np.bincount(cell, weights, minlength=size).astype(np.float64)
    return table.reshape(-1, _CLASSES, _CLASSES)


def _resampled(every: _Floats, displayed: _Floats) -> tuple[_Floats, _Floats]:
    """Return the confusions of all documents, then those of each replicate."""
    documents = len(every)
    generator = np.random.default_rng(documents)
    draws = generator.multinomial(documents, np.full(documents, 1 / documents), _REPLICATES)
    counts: _Floats = np.concatenate((np.ones((1, documents)), draws))
    all_of: _Floats = np.einsum("rd,dij->rij", counts, every)
    shown: _Floats = np.einsum("rd,dij->rij", counts, displayed)
    return all_of, shown


def _figures(guessed: _Floats, true: _Floats) -> tuple[_Floats, _Floats, _Floats]:
    """Return precision, recall and F1, f64[replicates, 3] each; not a number where undefined."""
    hits = np.diagonal(guessed, axis1=1, axis2=2)
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = hits / guessed.sum(axis=1)
        recall = hits / true.sum(axis=2)
        f1 = 2 * hits / (guessed.sum(axis=1) + true.sum(axis=2))
    return precision, recall, f1


def _estimate(values: _Floats) -> Estimate:
    """Return the first value with the interval of the others."""
    if np.isnan(values[0]):
        return Estimate(None, None, None)
    tail = 50 * (1 - CONFIDENCE)
    low, high = np.nanpercentile(values[1:], (tail, 100 - tail))
    return Estimate(float(values[0]), float(low), float(high))

"""The recipe that makes a classifier of labelled statements; it needs scikit-learn.

Weights come from a multinomial logistic regression over all statements. Its raw scores are
calibrated on scores of statements whose documents it has not seen (Platt, "Probabilistic outputs
for support vector machines", 1999, with one scale and a bias for each class), each statement
weighted by what it stands for: probabilities are then those at natural prevalence, however the
sample was drawn. The same statements in any order yield the same file.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from riostat.citations.classification import Classifications, Classifier, scores
from riostat.citations.cues import COUNT
from riostat.citations.examples import Example
from riostat.citations.features import BUCKETS, FINGERPRINT, Features, features
from riostat.citations.modelfile import LABELS, Header, Model
from riostat.core.errors import LabelError

__all__ = ["cross_validate", "train"]

_Floats: TypeAlias = NDArray[np.float64]
_Ints: TypeAlias = NDArray[np.int64]

_FOLDS: Final = 5
_REGULARISATION: Final = 2.0
_CUE_SCALE: Final = 0.3
_BALANCE: Final = 0.5
_PRIOR: Final = 1.0
_MIN_DOCUMENTS: Final = 2
_MIN_CONFIDENCE: Final = 0.45
# What share of the statements displayed as a class should be of it.
_AIM: Final = (0.80, 0.60, 0.0)
_ITERATIONS: Final = 1000


@dataclass(frozen=True, slots=True)
class _Sample:
    """Features of n statements with what is known of them; `folds` keep documents together."""

    seen: Features
    labels: _Ints
    weights: _Floats
    documents: _Ints
    folds: _Ints


def train(examples: Sequence[Example]) -> Model:
    """Return a model of all examples, calibrated on cross-validated scores.

    Raises:
        LabelError: There are too few, or scikit-learn is missing.
    """
    return _train(_sample(examples))


def cross_validate(examples: Sequence[Example]) -> Classifications:
    """Return what models say that have seen nothing of a statement's document.

    Weights, calibration and confidence all come from the other folds: nothing is tuned on what is
    classified.
    """
    sample = _sample(examples)
    probabilities = np.zeros((len(examples), len(LABELS)))
    abstained = np.zeros(len(examples), np.bool_)
    for fold in range(_FOLDS):
        held = np.flatnonzero(sample.folds == fold)
        rest = np.flatnonzero(sample.folds != fold)
        if not len(held):
            continue
        # Folds of the rest are drawn anew, so that each is again a fifth of it.
        classifier = Classifier(_train(_part(sample, rest)))
        result = classifier.classify_features(_features_of(sample.seen, held))
        probabilities[held], abstained[held] = result.probabilities, result.abstained
    names = [LABELS[label] for label in probabilities.argmax(axis=1)]
    return Classifications(probabilities, names, abstained)


def _sample(examples: Sequence[Example]) -> _Sample:
    labels = np.array([example.label for example in examples], np.int64)
    names = sorted({example.document for example in examples})
    number = {name: place for place, name in enumerate(names)}
    documents = np.array([number[example.document] for example in examples], np.int64)
    counts = np.bincount(labels, minlength=len(LABELS))
    if len(names) < 2 * _FOLDS or counts.min() < 2 * _FOLDS:
        shown = ", ".join(f"{n} {name}" for n, name in zip(counts, LABELS, strict=True))
        raise LabelError(
            f"{len(names)} documents with {shown} are too few to train on; give at least"
            f" {2 * _FOLDS} of each."
        )
    seen = features(example.statement for example in examples)
    weights = np.array([example.weight or 1.0 for example in examples])
    return _Sample(seen, labels, weights, documents, _folds(labels, documents))


def _folds(labels: _Ints, documents: _Ints) -> _Ints:
    """Deal documents to folds, those with most of the rare classes first, as a draft does."""
    table = np.zeros((documents.max() + 1, len(LABELS)))
    np.add.at(table, (documents, labels), 1.0)
    share = table / np.maximum(table.sum(axis=0), 1)
    load = np.zeros((_FOLDS, len(LABELS)))
    fold_of = np.zeros(len(table), np.int64)
    for document in np.argsort(-share.sum(axis=1), kind="stable"):
        if table[document].any():
            fold = int(((load + share[document]) ** 2 - load**2).sum(axis=1).argmin())
            fold_of[document] = fold
            load[fold] += share[document]
    return fold_of[documents]


def _part(sample: _Sample, kept: _Ints) -> _Sample:
    labels, documents = sample.labels[kept], sample.documents[kept]
    return _Sample(
        _features_of(sample.seen, kept),
        labels,
        sample.weights[kept],
        documents,
        _folds(labels, documents),
    )


def _features_of(seen: Features, kept: _Ints) -> Features:
    """Return the features of some of the statements, in their order."""
    place = np.full(len(seen.cues), -1)
    place[kept] = np.arange(len(kept))
    rows = place[seen.rows]
    inside = rows >= 0
    return Features(rows[inside], seen.buckets[inside], seen.values[inside], seen.cues[kept])


def _train(sample: _Sample) -> Model:
    raw = np.zeros((len(sample.labels), len(LABELS)))
    for fold in range(_FOLDS):
        held = np.flatnonzero(sample.folds == fold)
        fitted = _fit(_part(sample, np.flatnonzero(sample.folds != fold)))
        raw[held] = scores(_features_of(sample.seen, held), *fitted)
    scale, bias = _calibrate(raw, sample.labels, sample.weights)
    ngrams, cues = _fit(sample)
    totals = np.bincount(sample.labels, sample.weights, minlength=len(LABELS))
    counts = np.bincount(sample.labels, minlength=len(LABELS))
    header = Header(
        name="",
        features=FINGERPRINT,
        scale=scale,
        bias=_triple(bias),
        confidence=(0.0, 0.0, 0.0),
        prevalence=_triple(totals / totals.sum()),
        statements=(int(counts[0]), int(counts[1]), int(counts[2])),
        documents=len(np.unique(sample.documents)),
    )
    calibrated = Classifier(Model(header, ngrams, cues)).probabilities_of(raw)
    confidence = _confidence(calibrated, sample.labels, sample.weights)
    header = msgspec.structs.replace(header, confidence=confidence)
    digest = hashlib.blake2b(ngrams.tobytes() + cues.tobytes(), digest_size=4)
    digest.update(msgspec.json.encode(header))
    name = f"linear-{digest.hexdigest()}"
    return Model(msgspec.structs.replace(header, name=name), ngrams, cues)


def _fit(sample: _Sample) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the weights of n-grams and cues, rounded as the model's file has them."""
    regression, sparse = _scikit_learn()
    seen, size = sample.seen, len(sample.labels)
    shape = (size, BUCKETS)
    matrix = sparse.csr_matrix((seen.values, (seen.rows, seen.buckets)), shape=shape)
    spread = _documents_of_buckets(sample)
    common = np.flatnonzero(spread >= _MIN_DOCUMENTS)
    joined = sparse.hstack((matrix[:, common], sparse.csr_matrix(seen.cues * _CUE_SCALE))).tocsr()
    counts = np.bincount(sample.labels, minlength=len(LABELS))
    balance = (size / (len(LABELS) * counts)) ** _BALANCE
    fitted = regression(C=_REGULARISATION, max_iter=_ITERATIONS).fit(
        joined, sample.labels, sample_weight=balance[sample.labels]
    )
    coefficients = fitted.coef_.T
    ngrams = np.zeros((BUCKETS, len(LABELS)), np.float32)
    ngrams[common] = coefficients[: len(common)].astype(np.float16)
    cues = (coefficients[len(common) :] * _CUE_SCALE).astype(np.float32)
    assert cues.shape == (COUNT, len(LABELS)), cues.shape
    return ngrams, cues


def _documents_of_buckets(sample: _Sample) -> _Ints:
    """Return in how many documents each n-gram is, i64[BUCKETS]."""
    seen = sample.seen
    pairs = np.unique(sample.documents[seen.rows] * BUCKETS + seen.buckets)
    return np.bincount(pairs % BUCKETS, minlength=BUCKETS)


def _calibrate(raw: _Floats, labels: _Ints, weights: _Floats) -> tuple[float, _Floats]:
    """Return the scale and the biases under which the labels are most likely.

    A normal prior keeps them near 1 and 0 where a class is too rare to tell.
    """
    from scipy.optimize import minimize

    share = weights / weights.sum() * len(weights)
    hot = np.eye(len(LABELS))[labels]

    def loss(parameters: _Floats) -> tuple[float, _Floats]:
        scale, bias = np.exp(parameters[0]), parameters[1:]
        shifted = raw + bias
        scaled = scale * shifted
        scaled -= scaled.max(axis=1, keepdims=True)
        odds = np.exp(scaled)
        probabilities = odds / odds.sum(axis=1, keepdims=True)
        value = -(share * np.log(probabilities[hot == 1] + 1e-300)).sum()
        slope = (probabilities - hot) * share[:, None]
        gradient = np.concatenate(([scale * (slope * shifted).sum()], scale * slope.sum(axis=0)))
        return value + _PRIOR * (parameters**2).sum() / 2, gradient + _PRIOR * parameters

    found = minimize(loss, np.zeros(4), jac=True, method="BFGS").x
    return float(np.exp(found[0])), found[1:] - found[1:].mean()


def _confidence(
    probabilities: _Floats, labels: _Ints, weights: _Floats
) -> tuple[float, float, float]:
    """Return, per class, the least confidence above which it is right as often as it should be."""
    guess, best = probabilities.argmax(axis=1), probabilities.max(axis=1)
    confidences = []
    for label, aim in enumerate(_AIM):
        mine = np.flatnonzero(guess == label)
        order = mine[np.argsort(-best[mine], kind="stable")]
        right = np.cumsum(weights[order] * (labels[order] == label))
        enough = np.flatnonzero(right >= aim * np.cumsum(weights[order]))
        least = float(best[order[enough[-1]]]) if len(enough) else 1.0
        confidences.append(max(least, _MIN_CONFIDENCE))
    return _triple(np.array(confidences))


def _triple(values: _Floats) -> tuple[float, float, float]:
    return float(values[0]), float(values[1]), float(values[2])


def _scikit_learn() -> tuple[Any, Any]:
    try:
        from scipy import sparse
        from sklearn.linear_model import LogisticRegression
    except ImportError as error:
        raise LabelError(
            f"Training needs scikit-learn ({error}); install it beside riostat with"
            " `pip install scikit-learn`."
        ) from error
    return LogisticRegression, sparse

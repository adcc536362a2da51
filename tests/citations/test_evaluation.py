"""Figures are those of their definitions, and intervals hold them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riostat.citations.classification import Classifications
from riostat.citations.evaluation import (
    Estimate,
    calibration_error,
    evaluate,
    measure,
    prevalence_weights,
)
from riostat.citations.modelfile import LABELS
from tests.citations.statements_for_tests import made_examples

TRUTH = np.array([0, 0, 1, 2, 2, 2])
GUESS = np.eye(3)[[0, 2, 1, 2, 2, 0]] * 0.8 + 0.1 * (1 - np.eye(3)[[0, 2, 1, 2, 2, 0]])
SHOWN = np.array([False, False, True, False, False, True])


def _value(estimate: Estimate) -> float:
    assert estimate.value is not None
    return estimate.value


def test_figures_follow_their_definitions() -> None:
    found = evaluate(TRUTH, GUESS, SHOWN, documents=np.arange(6), weights=np.ones(6))
    supporting = found.classes["supporting"]
    assert supporting.statements == 2
    assert _value(supporting.precision) == pytest.approx(1 / 2)
    assert _value(supporting.recall) == pytest.approx(1 / 2)
    assert _value(supporting.displayed_precision) == pytest.approx(1.0)
    assert _value(supporting.displayed_recall) == pytest.approx(1 / 2)
    assert found.classes["contrasting"].displayed_precision == Estimate(None, None, None)
    assert _value(found.classes["mentioning"].f1) == pytest.approx(2 / 3)
    assert found.accuracy == pytest.approx(4 / 6)
    assert found.abstained == pytest.approx(2 / 6)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 3)), min_size=1))
def test_intervals_hold_what_can_be_counted(rows: list[tuple[int, int, int]]) -> None:
    truth, guess, documents = (np.array(column) for column in zip(*rows, strict=True))
    found = evaluate(
        truth,
        np.eye(3)[guess],
        np.zeros(len(rows), np.bool_),
        documents=documents,
        weights=np.ones(len(rows)),
    )
    for figures in found.classes.values():
        for estimate in (figures.precision, figures.recall, figures.f1):
            if estimate.value is not None:
                assert estimate.low is not None
                assert estimate.high is not None
                assert 0 <= estimate.low <= estimate.high <= 1


def test_weights_change_precision_and_not_recall() -> None:
    weights = prevalence_weights(TRUTH, (0.04, 0.01, 0.95))
    shares = np.bincount(TRUTH, weights) / weights.sum()
    assert shares == pytest.approx([0.04, 0.01, 0.95])
    plain = evaluate(TRUTH, GUESS, SHOWN, documents=np.arange(6), weights=np.ones(6))
    natural = evaluate(TRUTH, GUESS, SHOWN, documents=np.arange(6), weights=weights)
    before, after = plain.classes["supporting"], natural.classes["supporting"]
    assert _value(after.precision) < _value(before.precision)
    assert _value(after.recall) == pytest.approx(_value(before.recall))


def test_the_calibration_error_is_the_gap() -> None:
    certain, half = np.eye(3)[[0, 0]], np.array([[0.5, 0.3, 0.2]] * 2)
    assert calibration_error(np.array([0, 1]), certain, np.ones(2)) == pytest.approx(0.5)
    assert calibration_error(np.array([0, 1]), half, np.ones(2)) == pytest.approx(0.0)


def test_examples_are_measured_as_they_are_and_as_they_weigh() -> None:
    examples = made_examples(documents=4)
    right = np.eye(3)[[example.label for example in examples]]
    labels = [LABELS[example.label] for example in examples]
    found = Classifications(right, labels, np.zeros(len(examples), np.bool_))
    measured = measure(examples, found, (0.1, 0.1, 0.8))
    assert measured.keys() == {"at_data_set", "at_natural_prevalence"}
    for evaluation in measured.values():
        assert _value(evaluation.macro_f1) == pytest.approx(1.0)
        assert evaluation.ece == pytest.approx(0.0)

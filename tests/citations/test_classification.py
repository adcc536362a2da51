"""The classifier that ships loads, answers, and abstains below its confidence."""

import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riostat.citations.classification import BUNDLED, Classifier
from riostat.citations.modelfile import LABELS, MAX_BYTES
from tests.citations.statements_for_tests import Made

_text = st.text(max_size=60)
_AGREE = Made(
    "Our results are consistent with those of a previous study [3].",
    58,
    61,
    previous="We found that growth was slower in mutants (Fig 2).",
    section="discussion",
)
_USE = Made("Samples were prepared with the kit as described [3].", 48, 51, section="methods")


def test_a_plain_agreement_and_a_plain_use_are_told_apart() -> None:
    found = Classifier.load().classify([_AGREE, _USE])
    assert found.labels == ["supporting", "mentioning"]
    assert found.probabilities.shape == (2, 3)
    assert found.probabilities.sum(axis=1) == pytest.approx([1.0, 1.0])
    assert found.abstained.dtype == np.bool_


def test_the_model_that_ships_is_small() -> None:
    assert BUNDLED.stat().st_size < MAX_BYTES
    assert Classifier.load() is Classifier.load()
    assert Classifier.load().version.startswith("linear-")


def test_abstention_is_below_the_confidence_of_the_class() -> None:
    classifier = Classifier.load()
    found = classifier.classify([_AGREE, _USE, Made(""), Made("We agree [1].", 9, 12)])
    for row, label in enumerate(found.labels):
        best = found.probabilities[row].max()
        assert label == LABELS[int(found.probabilities[row].argmax())]
        assert found.abstained[row] == (
            best < classifier.model.header.confidence[LABELS.index(label)]
        )


def test_nothing_is_classified_as_nothing() -> None:
    found = Classifier.load().classify([])
    assert found.labels == []
    assert found.probabilities.shape == (0, 3)


@given(st.lists(st.builds(Made, _text, previous=_text, next=_text, section=_text), max_size=4))
def test_any_text_gets_probabilities(statements: list[Made]) -> None:
    found = Classifier.load().classify(statements)
    assert len(found.labels) == len(statements)
    assert np.isfinite(found.probabilities).all()
    assert ((found.probabilities >= 0) & (found.probabilities <= 1)).all()


def test_classifying_needs_numpy_alone() -> None:
    program = (
        "from riostat.citations.classification import Classifier; import sys, json;"
        "Classifier.load(); print(json.dumps(sorted(sys.modules)))"
    )
    loaded = json.loads(subprocess.check_output([sys.executable, "-c", program]))
    assert not {"sklearn", "scipy", "lxml", "numba"} & set(loaded)

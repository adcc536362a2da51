"""The recipe learns, calibrates, and does the same again."""

import numpy as np
import pytest

from riostat.citations.classification import BUNDLED, Classifier
from riostat.citations.evaluation import measure
from riostat.citations.examples import join_labels
from riostat.citations.labels import BUNDLED_LABELS, read_labels
from riostat.citations.modelfile import LABELS, read_model, write_model
from riostat.citations.training import cross_validate, train
from riostat.core.errors import LabelError
from tests.citations.articles import shared_articles
from tests.citations.statements_for_tests import made_examples

EXAMPLES = made_examples()


def test_the_same_examples_make_the_same_file() -> None:
    assert write_model(train(EXAMPLES)) == write_model(train(EXAMPLES))


def test_what_is_learnt_holds_for_documents_that_were_not_seen() -> None:
    found = cross_validate(EXAMPLES)
    right = [
        LABELS[example.label] == label
        for example, label in zip(EXAMPLES, found.labels, strict=True)
    ]
    assert np.mean(right) > 0.9
    natural = measure(EXAMPLES, found, (1 / 12, 1 / 12, 10 / 12))["at_natural_prevalence"]
    assert natural.ece < 0.1


def test_probabilities_are_those_of_natural_prevalence() -> None:
    model = train(EXAMPLES)
    assert model.header.prevalence == pytest.approx((1 / 12, 1 / 12, 10 / 12))
    assert model.header.statements == (40, 40, 40)
    assert model.header.documents == 20
    found = Classifier(model).classify(example.statement for example in EXAMPLES)
    weights = np.array([example.weight for example in EXAMPLES], np.float64)
    mean = np.average(found.probabilities, axis=0, weights=weights)
    assert mean == pytest.approx(model.header.prevalence, abs=0.05)


def test_too_few_examples_are_refused() -> None:
    with pytest.raises(LabelError, match="too few to train on"):
        train(made_examples(documents=3))


def test_the_model_that_ships_is_what_the_recipe_makes_of_our_labels() -> None:
    joined = join_labels(read_labels(BUNDLED_LABELS), shared_articles())
    assert joined.missing == 0
    made, ships = train(joined.examples), read_model(BUNDLED)
    assert made.header.statements == ships.header.statements
    assert made.header.prevalence == pytest.approx(ships.header.prevalence)
    # Another CPU's arithmetic may round the last bits otherwise.
    assert made.cues == pytest.approx(ships.cues, abs=0.02)
    assert made.ngrams == pytest.approx(ships.ngrams, abs=0.02)

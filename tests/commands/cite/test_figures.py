"""Figures as words, where some cannot be known."""

import numpy as np
import pytest

from riostat.citations.evaluation import evaluate
from riostat.commands.cite.figures import echo_evaluations, evaluations_as_json


def test_what_cannot_be_known_is_a_dash(capsys: pytest.CaptureFixture[str]) -> None:
    found = evaluate(
        np.array([2, 2]),
        np.eye(3)[[2, 2]],
        np.zeros(2, np.bool_),
        documents=np.arange(2),
        weights=np.ones(2),
    )
    echo_evaluations({"at_data_set": found})
    rows = {line.split()[0]: line.split()[1:] for line in capsys.readouterr().out.splitlines()[2:]}
    assert rows["contrasting"] == ["0", "-", "-", "-", "-", "-"]
    assert rows["mentioning"][:3] == ["2", "1.00", "(1.00-1.00)"]
    assert evaluations_as_json({"x": found}).keys() == {"x"}

"""What was negotiated is what a port's row says."""

import numpy as np
import pytest

from riostat.switch.kernels import codes
from riostat.switch.kernels import layout as at
from riostat.switch.orders import Attach
from riostat.switch.planeport import KINDS, POLICIES, describe
from riostat.switch.ports import Policy, PortKind


@pytest.mark.parametrize(
    ("features", "header", "mergeable"), [(0, 10, 0), (1 << 15, 12, 1), (1 << 32, 12, 0)]
)
def test_the_header_has_the_length_that_was_negotiated(
    features: int, header: int, mergeable: int
) -> None:
    row = np.zeros(at.PORT_FIELDS, np.int64)
    describe(row, Attach(0, PortKind.VHOST, Policy.MAP, features, 12, -1, [], 0))
    assert (row[at.HEADER], row[at.MERGEABLE], row[at.PID]) == (header, mergeable, 12)
    assert row[at.POLICY] == codes.MAP


def test_all_policies_and_kinds_have_their_numbers() -> None:
    assert set(POLICIES) == set(Policy)
    assert set(KINDS) == set(PortKind)

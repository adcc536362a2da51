"""Placement: exact shares, distinct disks, the same again from the same seed."""

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from riostat.store.placement import AliasTable, Placement, disk_weight

WEIGHTS = st.lists(st.integers(0, 1000), min_size=1, max_size=12).filter(any)


@given(WEIGHTS)
def test_an_alias_table_is_exact(weights: list[int]) -> None:
    table = AliasTable(weights)
    shares = [Fraction(0)] * len(weights)
    for column, (threshold, alias) in enumerate(zip(table.thresholds, table.aliases, strict=True)):
        assert 0 <= threshold <= table.total
        shares[column] += Fraction(threshold, table.total * len(weights))
        shares[alias] += Fraction(table.total - threshold, table.total * len(weights))
    assert shares == [Fraction(weight, sum(weights)) for weight in weights]


@given(WEIGHTS, st.integers(0, (1 << 64) - 1), st.integers(0, (1 << 64) - 1))
def test_a_draw_is_what_the_table_says(weights: list[int], column: int, part: int) -> None:
    drawn = AliasTable(weights).draw(column, part)
    assert weights[drawn] > 0


def chi_square(found: Sequence[int], expected: Sequence[float]) -> float:
    return sum((n - e) ** 2 / e for n, e in zip(found, expected, strict=True))


def version(number: int) -> str:
    return f"{number:032x}"


def test_pairs_fall_as_the_weights_say() -> None:
    weights = {3: 5, 4: 1, 7: 2, 9: 4}
    placement = Placement(weights, replication=1.0, seed=11)
    count = 20_000
    drawn = Counter(placement.draw(version(n), n) for n in range(count))
    total = sum(weights.values())
    pairs = [(a, b) for a, b in product(weights, weights) if a != b]
    expected = [count * weights[a] / total * weights[b] / (total - weights[a]) for a, b in pairs]
    assert drawn.keys() <= set(pairs)
    assert chi_square([drawn[pair] for pair in pairs], expected) < 31.26  # 11 degrees, p = 1e-3


def test_a_share_of_the_blocks_has_a_second_copy() -> None:
    placement = Placement({0: 1, 1: 1, 2: 1}, replication=0.25, seed=5)
    copies = Counter(len(placement.draw(version(1), n)) for n in range(10_000))
    assert chi_square([copies[1], copies[2]], [7500, 2500]) < 10.83  # 1 degree, p = 1e-3
    assert len(placement.draw(version(1), 0, replicated=True)) == 2


def test_the_same_seed_draws_the_same() -> None:
    one, two = (Placement({0: 3, 1: 5, 2: 1}, replication=0.5, seed=9) for _ in range(2))
    other = Placement({0: 3, 1: 5, 2: 1}, replication=0.5, seed=10)
    drawn = [one.draw(version(7), n) for n in range(200)]
    assert drawn == [two.draw(version(7), n) for n in range(200)]
    assert drawn != [other.draw(version(7), n) for n in range(200)]


def test_too_few_disks_get_nothing() -> None:
    assert Placement({}, replication=1.0, seed=1).draw(version(1), 0) == ()
    assert Placement({0: 0, 1: 0}, replication=1.0, seed=1).draw(version(1), 0) == ()
    assert Placement({0: 1, 1: 0}, replication=1.0, seed=1).draw(version(1), 0) == ()
    assert Placement({0: 1, 1: 0}, replication=0.0, seed=1).draw(version(1), 0) == (0,)
    assert Placement({0: 1, 1: 0}, replication=0.0, seed=1).disks == (0,)


def test_the_weight_is_between_bandwidth_and_space() -> None:
    assert disk_weight(bandwidth_bps=4, free_slots=9) == 6
    assert disk_weight(bandwidth_bps=4, free_slots=0) == 0

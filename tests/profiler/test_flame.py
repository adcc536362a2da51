"""The trees: what they weigh, what they leave out, and that they stay shallow enough to read."""

import dataclasses
import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riostat.profiler.flame import Node, build_flame, build_treemap
from tests.profiler.profiles import CONTAINER, Hit, function, hits, make_profile


def _walk(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from _walk(child)


@given(hits(), st.sampled_from([build_flame, build_treemap]), st.floats(0, 0.5))
def test_children_are_part_of_their_parent_and_large_enough(
    samples: list[Hit], build: type, share_min: float
) -> None:
    root = build(make_profile(samples), share_min=share_min)
    assert root.value == sum(hit.weight for hit in samples)
    for node in _walk(root):
        values = [child.value for child in node.children]
        assert sum(values) <= node.value
        assert values == sorted(values, reverse=True)
        assert all(value >= share_min * root.value - 1 for value in values)


@given(hits())
def test_unpruned_leaves_hold_everything(samples: list[Hit]) -> None:
    root = build_treemap(make_profile(samples), share_min=0)
    assert sum(node.value for node in _walk(root) if not node.children) == root.value


def test_the_flame_graph_goes_from_the_domain_to_the_innermost_function() -> None:
    samples = [Hit(0.1, (1, 0), weight=3), Hit(0.2, (0,), weight=1), Hit(0.3, (2, 0), weight=2)]
    root = build_flame(make_profile(samples), share_min=0)
    inner = [Node(function(1), "user", 3), Node(function(2), "user", 2)]
    process = Node("a", "process", 6, [Node(function(0), "user", 6, inner)])
    assert root == Node("cpu-clock", "root", 6, [Node("host", "domain", 6, [process])])


def test_the_treemap_goes_from_the_domain_to_the_function_that_was_hit() -> None:
    root = build_treemap(make_profile([Hit(0.1, (1, 0), cgroup=CONTAINER)]), share_min=0)
    names = [(node.kind, node.name) for node in _walk(root)]
    assert names == [
        ("root", "cpu-clock"),
        ("domain", "5" * 12),
        ("process", "a"),
        ("module", "f1"),
        ("symbol", function(1)),
    ]


def test_what_is_too_small_is_left_out_but_counted() -> None:
    samples = [Hit(0.1, (0,), weight=99), Hit(0.2, (1,), weight=1)]
    root = build_flame(make_profile(samples), share_min=0.02)
    assert root.value == 100
    assert function(1) not in {node.name for node in _walk(root)}


def test_a_very_deep_callchain_makes_a_tree_that_json_can_hold() -> None:
    deep = make_profile([Hit(0.1, [k % 6 for k in range(2000)])])
    root = build_flame(deep, share_min=0)
    assert json.loads(json.dumps(dataclasses.asdict(root)))["value"] == root.value
    assert sum(1 for _ in _walk(root)) == 257


def test_a_profile_without_samples_is_a_root_alone() -> None:
    empty = make_profile([])
    for build in (build_flame, build_treemap):
        assert build(empty, share_min=0.01) == Node("cpu-clock", "root", 0)


@pytest.mark.parametrize("build", [build_flame, build_treemap])
def test_recursion_counts_once(build: type) -> None:
    root = build(make_profile([Hit(0.1, (0, 0, 0), weight=7)]), share_min=0)
    assert {node.value for node in _walk(root)} == {7}

"""Pictures lose nothing and overlap nowhere."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riostat.console.pictures import (
    Rectangle,
    flame_graph,
    squarified,
    time_ticks,
    timeline,
    treemap,
)
from riostat.console.schema import Node

areas = st.lists(st.floats(1e-3, 1e6), min_size=1, max_size=40).map(
    lambda values: sorted(values, reverse=True)
)
sides = st.floats(1, 2000)


def tree(shape: dict[str, object], name: str = "all", kinds: tuple[str, ...] = ()) -> Node:
    kind, *rest = kinds or ("all", "domain", "process", "module", "symbol")
    children = [tree(v, k, tuple(rest)) if isinstance(v, dict) else leaf(k, v, rest)
                for k, v in shape.items()]  # fmt: skip
    children.sort(key=lambda child: -child.samples)
    total = sum(child.samples for child in children)
    return Node(name=name, kind=kind, samples=total, share=total / 100, children=children)


def leaf(name: str, samples: object, kinds: list[str]) -> Node:
    assert isinstance(samples, int)
    return Node(name=name, kind=kinds[0] if kinds else "symbol", samples=samples,
                share=samples / 100)  # fmt: skip


TREE = tree({"host": {"p": {"m": {"f": 50, "g": 20}}}, "web": {"q": {"n": {"h": 30}}}})


@given(areas, sides, sides)
def test_a_treemap_divides_the_room_in_proportion(
    values: list[float], width: float, height: float
) -> None:
    pieces = squarified(values, Rectangle(0, 0, width, height))
    scale = width * height / math.fsum(values)
    for value, piece in zip(values, pieces, strict=True):
        assert piece.width * piece.height == pytest.approx(value * scale, rel=1e-6)
        assert -1e-6 <= piece.x <= piece.x + piece.width <= width + 1e-6 * width
        assert -1e-6 <= piece.y <= piece.y + piece.height <= height + 1e-6 * height


@given(areas)
def test_pieces_do_not_overlap(values: list[float]) -> None:
    pieces = squarified(values, Rectangle(0, 0, 1000, 560))
    for number, one in enumerate(pieces):
        for other in pieces[number + 1 :]:
            wide = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
            high = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
            assert wide <= 1e-6 or high <= 1e-6


def test_equal_pieces_are_nearly_square() -> None:
    pieces = squarified([1.0] * 12, Rectangle(0, 0, 400, 300))
    assert max(max(p.width / p.height, p.height / p.width) for p in pieces) < 1.5


def test_nothing_and_no_room_are_drawn_as_nothing() -> None:
    assert squarified([], Rectangle(0, 0, 10, 10)) == []
    assert squarified([1.0], Rectangle(0, 0, 0, 10)) == [Rectangle(0, 0, 0, 0)]
    empty = Node(name="all", kind="all", samples=0, share=0.0)
    assert treemap(empty)["tiles"] == []
    assert flame_graph(empty)["frames"] == []


def test_tiles_lie_in_their_parents() -> None:
    tiles = treemap(TREE)["tiles"]
    assert isinstance(tiles, list)
    assert [tile["label"] for tile in tiles if tile["depth"] == 0] == ["host", "web"]
    by_path = {tile["path"]: tile for tile in tiles}
    for path, tile in by_path.items():
        parent = by_path.get(path.rpartition(" \u203a ")[0])
        if parent is not None:
            assert parent["x"] <= tile["x"]
            assert tile["x"] + tile["width"] <= parent["x"] + parent["width"] + 0.11
            assert tile["domain"] == parent["domain"]
    assert by_path["host \u203a p \u203a m \u203a f"]["leaf"]


def test_frames_stand_on_their_callers() -> None:
    picture = flame_graph(TREE)
    frames = picture["frames"]
    assert isinstance(frames, list)
    assert picture["depth"] == 5
    by_name = {frame["label"]: frame for frame in frames}
    assert by_name["all"]["width"] == 1000
    assert by_name["host"]["width"] == 700
    assert by_name["f"]["x"] < by_name["g"]["x"]
    assert by_name["g"]["domain"] == "host"
    assert by_name["web"]["x"] == 700


def test_a_flame_graph_is_bounded() -> None:
    wide = tree({f"d{n}": 1 for n in range(10_000)})
    frames = flame_graph(wide)["frames"]
    assert isinstance(frames, list)
    assert len(frames) == 1


def test_a_timeline_stacks_its_areas_and_marks_its_span() -> None:
    picture = timeline(
        [("host", "host"), ("web", "container")],
        [[0.5, 1.0], [0.25, 0.5]],
        start_s=10.0,
        bin_s=1.0,
        selection=(10.5, 11.5),
        marks=[(10.0, "started"), (99.0, "outside")],
    )
    areas = picture["areas"]
    assert isinstance(areas, list)
    assert areas[0]["points"].startswith("0.0,120.0 500.0,120.0 500.0,0.0 1000.0,0.0")
    assert areas[1]["points"].startswith("0.0,60.0 500.0,60.0 500.0,0.0")
    assert picture["selection"] == {"x": 250.0, "width": 500.0}
    marks = picture["marks"]
    assert isinstance(marks, list)
    assert [mark["x"] for mark in marks] == [0.0, 1000.0]


@given(st.floats(0, 1e6), st.floats(1e-3, 1e6))
def test_ticks_are_round_and_few(start: float, length: float) -> None:
    ticks = time_ticks(start, start + length)
    assert len(ticks) <= 9
    for moment, label in ticks:
        assert start - 1e-6 * length <= moment <= start + length + 1e-6 * length
        assert float(label.removesuffix(" s")) == pytest.approx(moment, abs=length / 20)


def test_ticks_of_nothing() -> None:
    assert time_ticks(1.0, 1.0) == []

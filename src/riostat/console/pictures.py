"""Where things go in the pictures of a page: treemap, flame graph and timeline.

The geometry is computed here once, so that a page without JavaScript shows the same picture.
Units are those of the picture's own width and height.
"""

import math
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import TypeAlias

from riostat.console.schema import Node, Series

__all__ = ["Rectangle", "flame_graph", "lines", "squarified", "time_ticks", "timeline", "treemap"]

Picture: TypeAlias = dict[str, object]

_WIDTH = 1000.0
_TREEMAP_HEIGHT = 560.0
_LABEL_HEIGHT = 18.0
_SMALLEST_TILE = 3.0
_FLAME_ROW = 18
_NARROWEST_FRAME = 0.5
_FLAME_FRAMES = 4000
_TIMELINE_HEIGHT = 240.0
_LINES_HEIGHT = 96.0
_TICKS = 8


@dataclass(frozen=True, slots=True)
class Rectangle:
    """A part of a picture."""

    x: float
    y: float
    width: float
    height: float

    def inside(self, top: float) -> "Rectangle":
        """Return what is left under a label of height `top` and within a border of one."""
        return Rectangle(
            self.x + 1, self.y + top, max(0.0, self.width - 2), max(0.0, self.height - top - 1)
        )

    def without(self, depth: float, *, left: bool) -> "Rectangle":
        """Return what is left when a strip is cut off on the left, or else at the top."""
        if left:
            width = max(0.0, self.width - depth)
            return Rectangle(self.x + depth, self.y, width, self.height)
        return Rectangle(self.x, self.y + depth, self.width, max(0.0, self.height - depth))


def squarified(areas: Sequence[float], room: Rectangle) -> list[Rectangle]:
    """Divide `room` in proportion to `areas`, positive, largest first, into near-squares.

    Bruls, Huizing, van Wijk, *Squarified treemaps*, VisSym 2000.
    """
    if min(room.width, room.height) <= 0:
        return [Rectangle(room.x, room.y, 0.0, 0.0) for _ in areas]
    scale = room.width * room.height / math.fsum(areas) if areas else 0.0
    pieces: list[Rectangle] = []
    while len(pieces) < len(areas):
        side = max(min(room.width, room.height), 1e-9)
        row = _row([area * scale for area in areas[len(pieces) :]], side)
        depth = math.fsum(row) / side
        along_height = room.width >= room.height
        place = 0.0
        for area in row:
            length = area / depth
            if along_height:
                pieces.append(Rectangle(room.x, room.y + place, depth, length))
            else:
                pieces.append(Rectangle(room.x + place, room.y, length, depth))
            place += length
        room = room.without(depth, left=along_height)
    return pieces


def _row(areas: Sequence[float], side: float) -> Sequence[float]:
    """Return the first areas, as many as make the worst aspect ratio of a row along `side` best."""
    covered = 0.0
    best = math.inf
    for end, area in enumerate(areas):
        covered += area
        worst = max(side**2 * areas[0] / covered**2, covered**2 / (side**2 * area))
        if worst > best:
            return areas[:end]
        best = worst
    return areas


def treemap(root: Node) -> Picture:
    """Return the tiles of a tree of domain, process, module and symbol; parents come first."""
    room = Rectangle(0, 0, _WIDTH, _TREEMAP_HEIGHT)
    tiles = list(_tiles(root, room, depth=0, path="", domain=("", "")))
    return {"width": _WIDTH, "height": _TREEMAP_HEIGHT, "tiles": tiles}


def _tiles(
    node: Node, room: Rectangle, *, depth: int, path: str, domain: tuple[str, str]
) -> Iterator[Picture]:
    children = [child for child in node.children if child.samples > 0]
    pieces = squarified([child.samples for child in children], room)
    for child, piece in zip(children, pieces, strict=True):
        if min(piece.width, piece.height) < _SMALLEST_TILE:
            continue
        name = child.name
        child_path = f"{path} \u203a {name}" if path else name
        child_domain = domain if depth else (name, child.domain_kind)
        leaf = not child.children
        yield {
            "x": round(piece.x, 1),
            "y": round(piece.y, 1),
            "width": round(piece.width, 1),
            "height": round(piece.height, 1),
            "depth": depth,
            "label": name,
            "path": child_path,
            "domain": child_domain[0],
            "kind": child_domain[1],
            "samples": child.samples,
            "share": child.share,
            "leaf": leaf,
        }
        if not leaf:
            top = _LABEL_HEIGHT if piece.height > 2 * _LABEL_HEIGHT and depth < 2 else 1.0
            yield from _tiles(
                child, piece.inside(top), depth=depth + 1, path=child_path, domain=child_domain
            )


def flame_graph(root: Node) -> Picture:
    """Return the frames of a tree of call chains; its root is at depth 0, callers before callees.

    Gregg, *The flame graph*, CACM 59(6), 2016: the width is the share, the order is by name.
    """
    frames: list[Picture] = []
    deepest = 0
    total = root.samples
    waiting = deque([(root, 0.0, 0, ("", ""))] if total else [])
    while waiting and len(frames) < _FLAME_FRAMES:
        node, x, depth, domain = waiting.popleft()
        width = _WIDTH * node.samples / total
        if depth == 1:
            domain = (node.name, node.domain_kind)
        deepest = max(deepest, depth)
        frames.append(
            {
                "x": round(x, 2),
                "width": round(width, 2),
                "depth": depth,
                "label": node.name,
                "kind": node.kind,
                "samples": node.samples,
                "share": node.share,
                "domain": domain[0],
                "domain_kind": domain[1],
            }
        )
        for child in sorted(node.children, key=attrgetter("name")):
            child_width = _WIDTH * child.samples / total
            if child_width >= _NARROWEST_FRAME:
                waiting.append((child, x, depth + 1, domain))
            x += child_width
    return {"width": _WIDTH, "row_height": _FLAME_ROW, "depth": deepest + 1, "frames": frames}


def timeline(
    names: Sequence[tuple[str, str]],
    shares: Sequence[Sequence[float]],
    *,
    start_s: float,
    bin_s: float,
    selection: tuple[float, float] | None,
    marks: Sequence[tuple[float, str]],
) -> Picture:
    """Return stacked areas, one for each (name, kind); shares are of the machine's CPU time."""
    bins = len(shares[0]) if shares else 0
    seconds = max(bins * bin_s, 1e-9)

    def x_of(time_s: float) -> float:
        return round(_WIDTH * min(max((time_s - start_s) / seconds, 0.0), 1.0), 1)

    below = [0.0] * bins
    areas = []
    for (name, kind), row in zip(names, shares, strict=True):
        above = [min(1.0, low + share) for low, share in zip(below, row, strict=True)]
        areas.append({"name": name, "kind": kind, "points": _outline(below, above)})
        below = above
    chosen = None
    if selection is not None:
        left, right = x_of(selection[0]), x_of(selection[1])
        chosen = {"x": left, "width": round(max(right - left, 1.0), 1)}
    return {
        "width": _WIDTH,
        "height": _TIMELINE_HEIGHT,
        "areas": areas,
        "ticks": [
            {"x": x_of(time_s), "label": label}
            for time_s, label in time_ticks(start_s, start_s + seconds)
        ],
        "selection": chosen,
        "marks": [{"x": x_of(time_s), "name": text, "label": text} for time_s, text in marks],
    }


def _outline(below: Sequence[float], above: Sequence[float]) -> str:
    """Return the polygon between two steps, left to right above and back below."""
    width = _WIDTH / max(len(above), 1)
    upper = [(i + side, value) for i, value in enumerate(above) for side in (0, 1)]
    lower = [(i + side, value) for i, value in enumerate(below) for side in (0, 1)]
    return " ".join(
        f"{x * width:.1f},{_TIMELINE_HEIGHT * (1 - value):.1f}"
        for x, value in (*upper, *reversed(lower))
    )


def lines(series: Series) -> list[Picture]:
    """Return one picture for each group of series, with the same axis of time as the timeline."""
    end_s = series.start_s + series.bins * series.bin_s
    ticks = time_ticks(series.start_s, end_s)
    length = max(end_s - series.start_s, 1e-9)
    return [
        {
            "name": group.name,
            "title": group.title,
            "unit": group.unit,
            "top": group.top,
            "width": _WIDTH,
            "height": _LINES_HEIGHT,
            "lines": [
                {"name": line.name, "slot": line.slot, "paths": _paths(line.values, group.top)}
                for line in group.lines
            ],
            "ticks": [round(_WIDTH * (time_s - series.start_s) / length, 1) for time_s, _ in ticks],
        }
        for group in series.groups
    ]


def _paths(values: Sequence[float | None], top: float) -> list[str]:
    """Return the points of a line, in pieces where something is not known."""
    width = _WIDTH / max(len(values), 1)
    pieces: list[list[str]] = [[]]
    for place, value in enumerate(values):
        if value is None:
            pieces.append([])
            continue
        y = _LINES_HEIGHT * (1 - min(value / top, 1.0))
        pieces[-1].append(f"{(place + 0.5) * width:.1f},{y:.1f}")
    return [" ".join(piece) for piece in pieces if piece]


def time_ticks(start_s: float, end_s: float) -> list[tuple[float, str]]:
    """Return at most `_TICKS` round moments between two, each with its label."""
    length = end_s - start_s
    if length <= 0:
        return []
    raw = length / _TICKS
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= raw)
    digits = max(0, -math.floor(math.log10(step)))
    first = math.ceil(start_s / step - 1e-9)
    last = math.floor(end_s / step + 1e-9)
    return [(n * step, f"{n * step:.{digits}f} s") for n in range(first, last + 1)]

"""Trees of a profile: the flame graph by callers, and the treemap by what was hit."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from riostat.profiler.grouping import group_samples
from riostat.profiler.profile import Profile
from riostat.profiler.stacks import Frame, build_stacks

__all__ = ["Node", "build_flame", "build_treemap"]

# A tree that is deeper is more than JSON readers take; the kernel walks 127 callers unless told.
_DEPTH_MAX = 256
_TREEMAP_KEYS = ("domain", "process", "module", "symbol")

_Key = TypeVar("_Key", bound=Hashable)


@dataclass(slots=True)
class Node:
    """A part of a profile: what it is called, what kind of thing it is, and what it weighs.

    `kind` is root, domain, process, module or symbol, and in a flame graph for functions the mode
    of the CPU (kernel, user). `value` is in the event's unit and includes the children, the
    largest first; what their sum lacks is the node's own, or too little to show.
    """

    name: str
    kind: str
    value: int
    children: "list[Node]" = field(default_factory=list)


def build_flame(profile: Profile, *, share_min: float) -> Node:
    """Return the callers' tree, domain > process > functions, of nodes with that share at least.

    Functions beyond the 254 outermost are counted with their callers.
    """
    stacks = build_stacks(profile)
    weights = stacks.weights.tolist()
    paths = ((stacks.path(stack)[:_DEPTH_MAX], weights[stack]) for stack in range(len(stacks)))
    return _tree(profile.event, paths, lambda place, _: stacks.frames[place], share_min)


def build_treemap(profile: Profile, *, share_min: float) -> Node:
    """Return the tree domain > process > module > symbol, of nodes with that share at least."""
    groups = group_samples(profile, _TREEMAP_KEYS)
    weights = groups.totals(profile.weights).tolist()
    return _tree(
        profile.event,
        zip(groups.labels, weights, strict=True),
        lambda name, depth: Frame(name, _TREEMAP_KEYS[depth]),
        share_min,
    )


def _tree(
    event: str,
    paths: Iterable[tuple[Sequence[_Key], float]],
    describe: Callable[[_Key, int], Frame],
    share_min: float,
) -> Node:
    """Merge paths that begin alike; `describe` is given a step of a path and its depth from 0."""
    numbers: dict[tuple[int, _Key], int] = {}
    values = [0.0]
    depths = [0]
    for path, weight in paths:
        values[0] += weight
        number = 0
        for depth, step in enumerate(path):
            place = (number, step)
            number = numbers.setdefault(place, len(values))
            if number == len(values):
                values.append(0.0)
                depths.append(depth)
            values[number] += weight
    root = Node(event, "root", round(values[0]))
    nodes = {0: root}
    for (parent, step), number in numbers.items():
        if values[number] >= share_min * values[0]:
            frame = describe(step, depths[number])
            nodes[number] = Node(frame.name, frame.kind, round(values[number]))
            nodes[parent].children.append(nodes[number])
    for node in nodes.values():
        node.children.sort(key=lambda child: -child.value)
    return root

"""Folded stacks, the input of flamegraph.pl: ``domain;process;outermost;...;innermost count``."""

from collections import Counter
from typing import TextIO

from riostat.profiler.profile import Profile
from riostat.profiler.stacks import build_stacks

__all__ = ["write"]


def write(profile: Profile, stream: TextIO) -> None:
    """Write a line for each different stack, with the event's count as its weight.

    A semicolon in a name becomes a colon, as stackcollapse-perf.pl has it.
    """
    stacks = build_stacks(profile)
    names = [frame.name.replace(";", ":") for frame in stacks.frames]
    lines: Counter[str] = Counter()
    for stack, weight in enumerate(stacks.weights.tolist()):
        lines[";".join(names[place] for place in stacks.path(stack))] += round(weight)
    for line, weight in sorted(lines.items()):
        stream.write(f"{line} {weight}\n")

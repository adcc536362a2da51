"""The text of ``perf script``, which stackcollapse-perf.pl, speedscope and others read.

A sample is a line ``comm pid/tid [cpu] seconds: count event:``, for each frame from the innermost
out a line ``address function (module)``, and an empty line. Readers take these apart at white
space, so that in comm and module it becomes an underscore. What is left out: domains, which perf
does not know.
"""

import re
from itertools import pairwise
from typing import TextIO

from riostat.profiler.profile import Profile

__all__ = ["write"]

_SPACE = re.compile(r"\s")


def write(profile: Profile, stream: TextIO) -> None:
    """Write every sample in the order of time."""
    samples = profile.samples
    process_codes, names = profile.codes("process")
    comms = [_word(name) for name in names]
    innermost, callers = _frame_lines(profile)
    columns = (
        process_codes,
        samples.pid,
        samples.tid,
        samples.cpu,
        samples.time_ns,
        samples.weight,
        samples.ip,
        profile.chains.codes,
    )
    event = _word(profile.event)
    for comm, pid, tid, cpu, time_ns, weight, ip, chain in zip(
        *(column.tolist() for column in columns), strict=True
    ):
        seconds, rest_ns = divmod(time_ns, 1_000_000_000)
        stream.write(
            f"{comms[comm]} {pid:>5}/{tid:<5} [{cpu:03}] {seconds:>5}.{rest_ns // 1000:06}: "
            f"{weight:>10} {event}: \n\t{ip:>16x} {innermost[chain]}{callers[chain]}\n"
        )


def _frame_lines(profile: Profile) -> tuple[list[str], list[str]]:
    """Return the innermost function of each callchain, and the lines of its callers."""
    chains = profile.chains
    modules = [_word(name) for name in chains.module_names]
    lines = [
        f"{chains.symbol_names[symbol]} ({modules[module]})\n"
        for module, symbol in zip(chains.modules.tolist(), chains.symbols.tolist(), strict=True)
    ]
    ips = chains.ips.tolist()
    bounds = list(pairwise(chains.offsets.tolist()))
    callers = [
        "".join(f"\t{ips[at]:>16x} {lines[at]}" for at in range(first + 1, end))
        for first, end in bounds
    ]
    return [lines[first] for first, _ in bounds], callers


def _word(text: str) -> str:
    """Return a text as one word, and as one that does not begin a comment."""
    word = _SPACE.sub("_", text)
    return f"_{word}" if not word or word.startswith("#") else word

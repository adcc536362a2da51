"""Stacks: domain, process and callchain of each sample, outermost first, each kept once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from riostat.profiler.callchains import Mode
from riostat.profiler.distinct import distinct
from riostat.profiler.grouping import group_samples, sums
from riostat.profiler.profile import Profile

__all__ = ["Frame", "Stacks", "build_stacks"]

_KINDS = [mode.name.lower().replace("_", " ") for mode in Mode]


@dataclass(frozen=True, slots=True)
class Frame:
    """One level of a stack: what it is called, and what kind of thing it is.

    `kind` is domain, process, or for a function the mode of the CPU (kernel, user); `module` is
    the function's, else empty.
    """

    name: str
    kind: str
    module: str = ""


@dataclass(frozen=True, slots=True)
class Stacks:
    """The different stacks of a profile: `codes` i64[n] says which one each sample has.

    `frames` are the different frames, `weights` (f64, in the event's unit) what each stack weighs.
    """

    codes: NDArray[np.int64]
    weights: NDArray[np.float64]
    frames: list[Frame]
    _owners: NDArray[np.int64]
    _chains: NDArray[np.int64]
    _offsets: NDArray[np.int64]
    _functions: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self._chains)

    def path(self, stack: int) -> list[int]:
        """Return a stack as places in `frames`: domain, process, and functions to the innermost."""
        chain = self._chains[stack]
        functions = self._functions[self._offsets[chain] : self._offsets[chain + 1]]
        return [*self._owners[stack].tolist(), *functions[::-1].tolist()]


def build_stacks(profile: Profile) -> Stacks:
    """Return the stacks of a profile's samples."""
    functions, frames = _functions(profile)
    groups = group_samples(profile, ("domain", "process"))
    chains = profile.chains
    width = max(len(chains.offsets) - 1, 1)
    found, codes = distinct(groups.sorts * width + chains.codes)
    owner_codes, chain_codes = np.divmod(found, width)
    places: dict[Frame, int] = {}
    first = len(frames)
    owners = np.array(
        [
            [
                first + places.setdefault(Frame(name, kind), len(places))
                for name, kind in zip(label, groups.keys, strict=True)
            ]
            for label in groups.labels
        ],
        np.int64,
    ).reshape(-1, 2)
    return Stacks(
        codes=codes,
        weights=sums(codes, profile.weights, len(found)),
        frames=[*frames, *places],
        _owners=owners[owner_codes],
        _chains=chain_codes,
        _offsets=chains.offsets,
        _functions=functions,
    )


def _functions(profile: Profile) -> tuple[NDArray[np.int64], list[Frame]]:
    """Return the place of each frame of all callchains among the different ones, and these."""
    chains = profile.chains
    modes, symbols = len(_KINDS), max(len(chains.symbol_names), 1)
    # The mode is three bits of a hostile file, of which the kernel uses six values.
    known = np.where(chains.modes < modes, chains.modes, Mode.UNKNOWN)
    codes = (chains.modules.astype(np.int64) * symbols + chains.symbols) * modes + known
    found, places = distinct(codes)
    rest, mode_codes = np.divmod(found, modes)
    module_codes, symbol_codes = np.divmod(rest, symbols)
    parts = zip(module_codes.tolist(), symbol_codes.tolist(), mode_codes.tolist(), strict=True)
    return places, [
        Frame(chains.symbol_names[symbol], _KINDS[mode], chains.module_names[module])
        for module, symbol, mode in parts
    ]

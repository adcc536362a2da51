"""What a disk is said to be: ``PATH[,capacity=200G][,bandwidth=180MB/s][,seek=8ms][,paced]``."""

import re
from dataclasses import dataclass
from pathlib import Path

from riostat.core.errors import DiskError
from riostat.core.text import printable

__all__ = ["DiskSpecification", "parse_bytes", "parse_disk"]

_NUMBER = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z/]*)")
_PREFIXES = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_SIZES = (
    _PREFIXES
    | {f"{p}b": n for p, n in _PREFIXES.items()}
    | {f"{p}i{b}": 1 << (10 * n) for n, p in enumerate("kmgt", 1) for b in ("", "b")}
)
_TIMES = {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9}
_FIELDS = {
    "capacity": ("capacity_bytes", _SIZES),
    "bandwidth": ("bandwidth_bps", _SIZES),
    "seek": ("seek_ns", _TIMES),
}


@dataclass(frozen=True, slots=True)
class DiskSpecification:
    """A directory that is to become a disk.

    Without a capacity it gets half of the free space of its file system. The bandwidth, in bytes
    a second, weighs in placement. A paced disk serves at just that bandwidth and seek time,
    whatever it stands on: for tests and demonstrations.
    """

    path: Path
    capacity_bytes: int | None = None
    bandwidth_bps: int = 0
    seek_ns: int = 0
    paced: bool = False


def parse_bytes(text: str) -> int:
    """Return a number of bytes: ``200G`` is 200 * 10**9, ``1MiB`` is 2**20; raises ValueError."""
    return _quantity(text, _SIZES)


def parse_disk(text: str) -> DiskSpecification:
    """Return what the text of a ``--disk`` says, or raise `DiskError`."""
    path, *fields = text.split(",")
    values: dict[str, int] = {}
    paced = False
    for given in fields:
        name, _, value = given.partition("=")
        if given == "paced":
            paced = True
        elif name not in _FIELDS:
            raise _unclear(text, given)
        else:
            field, units = _FIELDS[name]
            try:
                values[field] = _quantity(value.removesuffix("/s"), units)
            except ValueError as error:
                raise _unclear(text, given) from error
    if not path or "\0" in path:
        raise _unclear(text, path)
    if paced and not values.get("bandwidth_bps"):
        raise DiskError(
            f"The disk {printable(text)} is to be paced without a bandwidth; "
            "add one, as in bandwidth=40MB/s."
        )
    return DiskSpecification(Path(path).expanduser().absolute(), paced=paced, **values)


def _quantity(text: str, units: dict[str, int]) -> int:
    match = _NUMBER.fullmatch(text)
    if match is None or match[2].lower() not in units:
        raise ValueError(text)
    value = int(float(match[1]) * units[match[2].lower()])
    if not 0 < value < 1 << 60:
        raise ValueError(text)
    return value


def _unclear(text: str, part: str) -> DiskError:
    return DiskError(
        f"The disk {printable(text)} has {printable(part)!r}, which says nothing; "
        "write PATH[,capacity=200G][,bandwidth=180MB/s][,seek=8ms][,paced]."
    )

"""Names of what lies outside the testbed's own folders: each says whose it is.

A network namespace, a cgroup, a folder of large files and a file of shared memory are called
``riostat-PID-START-N``; a network device, whose name is too short for that, has such an alias.
What bears no such name is somebody else's, and is never touched.
"""

import itertools
import os
import re
from typing import Final

from riostat.testbed.ownership import Owner

__all__ = ["alias_of", "interim_device_name", "new_mark", "owner_of", "owner_of_interim"]

_MARK: Final = re.compile(r"riostat-([0-9]+-[0-9]+)-[0-9]+")
_INTERIM: Final = re.compile(r"r([0-9a-z]{5})-([0-9a-z]{8})")
_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"

_numbers = itertools.count(1)


def new_mark(owner: Owner | None = None) -> str:
    """Return a name that nothing else of this process has; its owner is the process, or `owner`.

    A name for another owner is unique as long as one process alone makes names for that owner.
    """
    return f"riostat-{(owner or Owner.of(os.getpid())).mark}-{next(_numbers)}"


def alias_of(owner: Owner) -> str:
    """Return the alias of a network device of this owner."""
    return f"riostat-{owner.mark}-0"


def owner_of(name: str) -> Owner | None:
    """Return whom a name or an alias belongs to; None where it is none of the testbed's."""
    match = _MARK.fullmatch(name)
    return Owner.parse(match[1]) if match else None


def interim_device_name(owner: Owner) -> str:
    """Return the name of a device that has no alias yet: the owner in digits of base 36.

    Its 15 bytes are what Linux has room for, and suffice until 900 years after boot.
    """
    return f"r{_base36(owner.pid):0>5}-{_base36(owner.start_ticks):0>8}"


def owner_of_interim(name: str) -> Owner | None:
    """Return whom a device with an interim name belongs to; None where it is another name."""
    match = _INTERIM.fullmatch(name)
    return Owner.parse(f"{int(match[1], 36)}-{int(match[2], 36)}") if match else None


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits

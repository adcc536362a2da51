"""Removing what owners that have died, as by SIGKILL, have left behind.

Every thing says whose it is: by a file in its folder, by its name, by its alias (`marks`). What
belongs to a living process, or to nobody of the testbed's, stays. Several may sweep at a time, and
beside those who make new things: what is removed is named by what does not come again.
"""

import fcntl
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from riostat.core.errors import TestbedError
from riostat.testbed.cgroups import marked_groups, remove_group
from riostat.testbed.folders import (
    BACKING_FILE,
    OWNER_FILE,
    remove_machine_folder,
    remove_tree,
    runtime_folder,
)
from riostat.testbed.marks import owner_of, owner_of_interim
from riostat.testbed.mounts import unmount_below
from riostat.testbed.network.netlink import (
    NAMESPACES,
    in_namespace,
    opened,
    remove_namespace,
)
from riostat.testbed.ownership import Owner
from riostat.testbed.processes import kill_processes, processes_of

if TYPE_CHECKING:
    from pyroute2 import IPRoute

__all__ = ["Leftover", "sweep"]

_SHARED_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - where shm_overview(7) has it
_DEVICES: Final = Path("/sys/class/net")

_OwnerOf = Callable[[Path], Owner | None]
_Remove = Callable[[Path], None]


@dataclass(frozen=True, slots=True)
class Leftover:
    """A thing whose owner is dead: of what kind and where it is, and what keeps it from going.

    `problem` is empty when it has been removed.
    """

    kind: str
    path: Path
    problem: str


def sweep() -> list[Leftover]:
    """Remove what dead owners have left: programs, machines, disks, networks, shared memory.

    It takes some milliseconds where there is nothing. What only root can remove stays without
    root. Raises `TestbedError` where the runtime folder is not this user's.
    """
    found = []
    folder = runtime_folder()
    with opened(folder) as descriptor:
        # One after the other: what two remove at a time stays visible for a moment while it goes.
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        for kind, thing, remove in _leftovers(folder):
            problem = ""
            try:
                remove(thing)
            except (OSError, TestbedError) as error:
                if not thing.exists():
                    continue
                problem = str(error)
            found.append(Leftover(kind, thing, problem))
    return found


def _leftovers(folder: Path) -> Iterator[tuple[str, Path, _Remove]]:
    """Yield each thing whose owner is dead, and what removes it; users before what they use."""
    kinds: list[tuple[str, Iterable[Path], _OwnerOf, _Remove]] = [
        ("cgroup", marked_groups(), _owner_by_name, remove_group),
        ("folder", _entries(folder), _owner_of_machine, _remove_machine),
        ("network namespace", _entries(NAMESPACES), _owner_by_name, remove_namespace),
        ("network device", _entries(_DEVICES), _owner_of_device, _remove_device),
        ("shared memory", _entries(_SHARED_MEMORY), _owner_by_name, Path.unlink),
    ]
    for kind, things, owner_of_thing, remove in kinds:
        for thing in things:
            if _is_dead(owner_of_thing(thing)):
                yield kind, thing, remove


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except FileNotFoundError:
        return []


def _is_dead(owner: Owner | None) -> bool:
    return owner is not None and not owner.is_alive()


def _owner_by_name(path: Path) -> Owner | None:
    return owner_of(path.name)


def _owner_of_machine(folder: Path) -> Owner | None:
    draft = owner_of(folder.name)
    if draft is not None:
        return draft
    with suppress(OSError, UnicodeDecodeError):
        return Owner.parse((folder / OWNER_FILE).read_text().strip())
    return None


def _owner_of_device(device: Path) -> Owner | None:
    interim = owner_of_interim(device.name)
    if interim is not None:
        return interim
    with suppress(OSError, UnicodeDecodeError):
        return owner_of((device / "ifalias").read_text().strip())
    return None


def _remove_machine(folder: Path) -> None:
    """Kill a machine's processes, unmount what is below its folder, and remove that."""
    kill_processes(lambda: processes_of(folder))
    unmount_below(folder)
    with suppress(FileNotFoundError):
        backing = Path((folder / BACKING_FILE).read_text())
        if _is_dead(owner_of(backing.name)):
            remove_tree(backing)
    remove_machine_folder(folder)


def _remove_device(device: Path) -> None:
    owner = _owner_of_device(device)
    index = int((device / "ifindex").read_text())

    def delete(route: "IPRoute") -> None:
        route.link("del", index=index)

    # The index is the device's alone for good; the owner is asked again, since the name is not.
    if _is_dead(owner) and owner == _owner_of_device(device):
        in_namespace(None, f"The network device {device.name} cannot be removed", delete)

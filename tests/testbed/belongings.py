"""A listing of what the testbed keeps on this machine, to compare before with after."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from riostat.testbed.cgroups import marked_groups
from riostat.testbed.disks import BACKING_FOLDER
from riostat.testbed.folders import OWNER_FILE, runtime_folder
from riostat.testbed.marks import owner_of, owner_of_interim
from riostat.testbed.mounts import mounts
from riostat.testbed.network.netlink import NAMESPACES
from riostat.testbed.ownership import Owner

__all__ = ["belongings", "children"]


def belongings(is_ours: Callable[[Owner], bool]) -> set[str]:
    """Return the things whose owner `is_ours`; other tests have theirs at the same time."""
    return {str(thing) for thing, owner in _marked() if owner is not None and is_ours(owner)}


def _marked() -> Iterator[tuple[object, Owner | None]]:
    for folder in (NAMESPACES, Path("/dev/shm"), BACKING_FOLDER):
        if folder.exists():
            yield from ((path, owner_of(path.name)) for path in folder.iterdir())
    yield from ((group, owner_of(group.name)) for group in marked_groups())
    yield from _devices()
    yield from _loops()
    mounted = [found.folder for found in mounts()]
    sockets = Path("/proc/net/unix").read_text()
    for folder in runtime_folder().iterdir():
        owner = owner_of(folder.name)
        with suppress(OSError):
            owner = Owner.parse((folder / OWNER_FILE).read_text()) or owner
        yield folder, owner
        yield from ((f"mount {path}", owner) for path in mounted if folder in path.parents)
        if f"{folder}/" in sockets:
            yield f"socket in {folder}", owner


def _devices() -> Iterator[tuple[object, Owner | None]]:
    for device in Path("/sys/class/net").iterdir():
        with suppress(OSError):
            alias = (device / "ifalias").read_text().strip()
            yield device, owner_of_interim(device.name) or owner_of(alias)


def _loops() -> Iterator[tuple[object, Owner | None]]:
    for block in Path("/sys/block").glob("loop*"):
        with suppress(OSError):
            file = (block / "loop" / "backing_file").read_text().strip()
            yield block, owner_of(Path(file).parent.name)


def children() -> list[int]:
    """Return the processes that this one has started and not waited for."""
    found: list[int] = []
    for task in Path("/proc/self/task").iterdir():
        found += map(int, (task / "children").read_text().split())
    return found

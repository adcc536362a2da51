"""The manifest of a run: what was recorded, when, on which machine and by which command.

Writing needs the standard library alone, because a recorder writes one; reading checks every
field, because a manifest may come from anywhere.
"""

import json
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from riostat import __version__
from riostat.core.clock import Clock
from riostat.core.domain import HOST, Domain
from riostat.core.errors import RunError, RunFormatError, RunFullError
from riostat.core.text import printable

__all__ = [
    "MANIFEST_NAME",
    "Machine",
    "Manifest",
    "new_manifest",
    "read_manifest",
    "write_manifest",
]

MANIFEST_NAME = "manifest.json"
FORMAT = 1
_MANIFEST_BYTES = 1 << 20
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_CPU_INFO = Path("/proc/cpuinfo")


@dataclass(frozen=True, slots=True)
class Machine:
    """Where a run was recorded; `memory_bytes` is all of its memory."""

    hostname: str
    kernel: str
    architecture: str
    cpu_model: str
    cpus: int
    memory_bytes: int
    boot_id: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a run says of itself; times as `Clock` gives them, in ns.

    `domains` are those known at the start, in the order of the domain numbers of frames.
    """

    format: int
    id: str
    started_ns: int
    started_realtime_ns: int
    command: Sequence[str]
    machine: Machine
    versions: dict[str, str]
    domains: Sequence[Domain]
    rolling: bool = False


def new_manifest(
    run_id: str, *, command: Sequence[str], clock: Clock, rolling: bool = False
) -> Manifest:
    """Return the manifest of a run that starts now on this machine."""
    return Manifest(
        format=FORMAT,
        id=run_id,
        started_ns=clock.monotonic_ns(),
        started_realtime_ns=clock.realtime_ns(),
        command=[printable(word) for word in command],
        machine=_this_machine(),
        versions={"riostat": __version__, "python": sys.version.split()[0]},
        domains=[HOST],
        rolling=rolling,
    )


def _this_machine() -> Machine:
    system = os.uname()
    return Machine(
        hostname=printable(system.nodename),
        kernel=printable(system.release),
        architecture=system.machine,
        cpu_model=_cpu_model(),
        cpus=os.cpu_count() or 1,
        memory_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        boot_id=_BOOT_ID.read_text().strip(),
    )


def _cpu_model() -> str:
    with _CPU_INFO.open("rb") as file:
        for line in file.read(4096).splitlines():
            name, _, value = line.partition(b":")
            if name.strip() == b"model name":
                return printable(value.strip())
    return platform.machine()


def write_manifest(directory: Path, manifest: Manifest) -> None:
    """Write the manifest into a run's directory so that it is there whole or not at all."""
    path = directory / MANIFEST_NAME
    draft = directory / f".{MANIFEST_NAME}.{os.getpid()}"
    try:
        with draft.open("x") as file:
            json.dump(asdict(manifest), file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise RunFullError(
            f"The manifest {path} cannot be written ({error.strerror}); free space or choose "
            "another place with --data."
        ) from error


def read_manifest(directory: Path) -> Manifest:
    """Return the checked manifest of a run's directory.

    Raises `RunError` where there is none and `RunFormatError` where it is not one of ours.
    """
    import msgspec  # not on the recording path

    path = directory / MANIFEST_NAME
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:  # noqa: PTH123 - a pipe must not hang
            content = file.read(_MANIFEST_BYTES)
    except OSError as error:
        raise RunError(
            f"{printable(str(directory))} holds no run (its {MANIFEST_NAME}: {error.strerror}); "
            "`riostat runs list` shows the runs there are."
        ) from error
    try:
        manifest = msgspec.json.decode(content, type=Manifest)
        _check(manifest)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise RunFormatError(
            f"The manifest {printable(str(path))} cannot be used ({printable(str(error))}); "
            "the run comes from another program or is damaged."
        ) from error
    return manifest


def _check(manifest: Manifest) -> None:
    if manifest.format != FORMAT:
        raise ValueError(f"format {manifest.format}, this riostat reads {FORMAT}")
    for name in ("started_ns", "started_realtime_ns"):
        if not 0 <= getattr(manifest, name) < 1 << 63:
            raise ValueError(f"{name} is out of range")
    if not 1 <= manifest.machine.cpus <= 1 << 16:
        raise ValueError("cpus is out of range")
    for text in (manifest.id, manifest.machine.hostname, *manifest.command):
        if printable(text) != text:
            raise ValueError("a text has control characters")

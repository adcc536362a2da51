"""What a store is made of: ``store.json`` in its directory."""

from pathlib import Path
from uuid import UUID

import msgspec

from riostat.core.errors import StoreError, StoreFormatError
from riostat.store.durability import write_durably

__all__ = [
    "CONFIGURATION",
    "Configuration",
    "DiskRecord",
    "read_configuration",
    "write_configuration",
]

CONFIGURATION = "store.json"

_BYTES_MAX = 16 << 20


class DiskRecord(msgspec.Struct, frozen=True):
    """One disk; its number stands for it in layouts, its UUID tells it from others."""

    number: int
    name: str
    path: str
    uuid: UUID
    slots: int
    bandwidth_bps: int


class Configuration(msgspec.Struct, frozen=True):
    """The store's identity, its settings, and its disks."""

    store: UUID
    block_bytes: int
    replication: float
    seed: int
    disks: tuple[DiskRecord, ...]


def read_configuration(root: Path) -> Configuration:
    """Return what the store in a directory is made of; raises `StoreError` where there is none."""
    path = root / CONFIGURATION
    try:
        with path.open("rb") as file:
            return msgspec.json.decode(file.read(_BYTES_MAX), type=Configuration)
    except FileNotFoundError as error:
        raise StoreError(
            f"There is no store in {root}; `riostat store init {root} --disk PATH` makes one."
        ) from error
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise StoreFormatError(
            f"The file {path} cannot be read ({error}); `riostat store rebuild --disk PATH` for "
            "every disk makes it anew."
        ) from error


def write_configuration(root: Path, configuration: Configuration) -> None:
    """Write down what the store is made of."""
    encoded = msgspec.json.format(msgspec.json.encode(configuration), indent=1)
    write_durably(root / CONFIGURATION, encoded + b"\n")
